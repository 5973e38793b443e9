"""What keeps others out of what is ours: certificates of servers, modes of files."""
