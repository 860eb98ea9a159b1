"""The whole path under a load that comes by the clock: how long an order takes, and how long it waits in us."""
