"""Pages of Connectica's staff."""
