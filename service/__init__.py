"""WHAT HAPPENS TO IT: from an event to a proven effect in the ERP."""
