"""OUT, the common part: transport, error table, limiter, concurrency, breaker, and the courier that composes them."""
