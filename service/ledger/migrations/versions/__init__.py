"""One file a version, each changing what the one before it left."""
