"""Signing in and looking after one's own account."""
