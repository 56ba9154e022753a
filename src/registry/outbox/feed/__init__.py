"""The change feed: poll, long poll, stream of server-sent events."""
