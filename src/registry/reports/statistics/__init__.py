"""Counts and sums over a register (统计), by dimension and period, each with the list of its rows."""
