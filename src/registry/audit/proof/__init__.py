"""The log as Merkle trees (RFC 6962): checkpoints, receipts, witnesses."""
