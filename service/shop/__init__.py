"""OUT to the shops: reading only, one file a shop system."""
