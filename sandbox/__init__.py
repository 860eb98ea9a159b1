"""The other side, for trying, testing and measuring: ERPs that lie, shops that misbehave, the oracle."""
