"""Who sent a mail: what proves it, and whose mail it hands on."""
