"""Who signs in: accounts, their rights, sessions and passwords."""
