"""A manager's objection to one time entry, and its answer."""
