"""Prepaid hours and money: what a company agreed to, which of its entries are inside, and the meter."""
