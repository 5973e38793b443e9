"""The stores we mirror: the protocol, the records, and one adapter a store."""
