"""VAT of each company: the Czech rate, or none where the customer pays it or stands abroad."""
