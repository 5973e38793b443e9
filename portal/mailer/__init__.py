"""The portal's own mail: what is written to people by the calendar, and how letters leave."""
