"""What programs ask for: health, metrics, hooks."""
