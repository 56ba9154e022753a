"""The demo county `leizhou-2020`: real divisions, the article's dispute and totals, and synthetic data marked as such."""
