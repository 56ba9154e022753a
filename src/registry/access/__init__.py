"""Who is asking, what they may see: principals, keys, views, masks, sealed personal data, the access log."""
