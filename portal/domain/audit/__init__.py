"""What people did: written in the same transaction as what it tells of, and read back by the company."""
