"""The client companies: their row, their people, and what a reader sees of them."""
