"""Forgetting people and emptying old tickets."""
