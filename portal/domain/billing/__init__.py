"""Time as money: prices, what waits, invoices, budgets, forecasts, and what changed."""
