"""Totals over any register that declares measures."""
