"""In over HTTP: health and metrics."""
