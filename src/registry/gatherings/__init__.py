"""Two registers: cancelled gatherings (取消聚集活动台账) and demolished sheds (简易棚拆除台账)."""
