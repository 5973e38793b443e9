"""Keeping the mirror true: fetch, plan, perform, deliver."""
