"""What becomes of letters once they have left: the reports of mail servers, and what follows from them."""
