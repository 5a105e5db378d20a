"""What may be said and shown where: pure rules."""
