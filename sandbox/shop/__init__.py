"""A shop that misbehaves: order histories as webhook deliveries, and what must become of each, written first."""
