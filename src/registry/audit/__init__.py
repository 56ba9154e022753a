"""What makes the registers accountable: history, proof, verification."""
