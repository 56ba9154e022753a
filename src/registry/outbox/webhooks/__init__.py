"""Webhooks: subscriptions, the queue of deliveries, signing, retries."""
