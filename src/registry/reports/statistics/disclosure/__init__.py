"""Which small counts of people may be told, and when."""
