"""Tickets, people, prices and invoices as the desk keeps them."""
