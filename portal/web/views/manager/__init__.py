"""Pages of a company's manager."""
