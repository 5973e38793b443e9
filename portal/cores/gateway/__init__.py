"""The gateway: Core API v1 over a store that keeps no sequence of changes, by five small functions."""
