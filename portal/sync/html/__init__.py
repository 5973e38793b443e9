"""Foreign HTML made safe and readable: scanning, cleaning, folding."""
