"""Who may come in and what was seen: keys, the access log, break-glass, erasure."""
