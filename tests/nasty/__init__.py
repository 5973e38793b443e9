"""Mails made to be expensive, and what they cost."""
