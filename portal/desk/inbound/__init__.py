"""Mail in: taken, understood, and turned into changes of tickets."""
