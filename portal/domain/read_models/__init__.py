"""What whole pages show, read in few statements."""
