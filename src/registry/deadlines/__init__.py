"""How days are counted, and the table of deadlines with their law."""
