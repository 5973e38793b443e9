"""Mail out: letters written, kept and sent."""
