"""What goes out: the change feed, SSE, webhooks. Reads the log, knows no register."""
