"""Who is asking: access control, signing in, known browsers, proofs of presence."""
