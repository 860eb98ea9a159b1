"""Everything goes wrong at once, by seed, for minutes; then the oracle decides."""
