"""Registers in which nothing is ever rubbed out: every write adds a version, every read is a view of the versions."""

__version__ = "0.3.0"
