"""What the portal is about: one noun, one file, with its words, its table, its reads and its writes."""
