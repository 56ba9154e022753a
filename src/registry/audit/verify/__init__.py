"""Checking a whole database, a receipt or a bundle of evidence against the log."""
