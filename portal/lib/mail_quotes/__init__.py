"""What of a mail its sender wrote, and what is history: one reading for texts and HTML, used everywhere. Pure."""
