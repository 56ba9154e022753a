"""The places (county > town > village > hamlet) and their grid staff (网格员)."""
