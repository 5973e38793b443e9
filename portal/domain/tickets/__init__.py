"""Tickets: the conversations, their files and time, and how they are found."""
