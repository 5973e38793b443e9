"""The embedded core: a mailbox turned into tickets, and the Core API over them."""
