"""May we serve this? Requests, decisions, deadlines, consents and deputies."""
