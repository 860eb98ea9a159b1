"""What the sandbox answers, one file a subject."""
