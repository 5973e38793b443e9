"""Small pieces that two parts of the product share: pure, and importable by all of them."""
