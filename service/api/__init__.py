"""In over HTTP: webhooks, health, metrics and the admin API."""
