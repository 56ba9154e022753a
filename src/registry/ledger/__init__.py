"""Versions, the one write path, the log: what every register is kept in. It knows no register and no HTTP."""
