"""HOW SHOPS SAY IT: one folder a source, pure functions from their bytes and words to our schemas."""
