"""Trouble on purpose: the real processes under load are killed and crowded, and afterwards everything is counted."""
