"""Engines, column types and migrations: the only place that knows SQLite from PostgreSQL."""
