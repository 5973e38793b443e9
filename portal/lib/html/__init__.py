"""Foreign HTML read and written within bounds."""
