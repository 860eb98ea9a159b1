"""STATE in SQL: what was seen, what was done, who may act on it, and where reading goes on."""
