"""The pages, one blueprint a noun, grouped by who uses them."""
