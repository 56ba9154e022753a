"""Who changed what, when and why (修改历史)."""
