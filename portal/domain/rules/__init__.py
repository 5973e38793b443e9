"""What a manager wants to be asked about before it is invoiced, and the asking."""
