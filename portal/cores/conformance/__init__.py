"""The conformance suite of Core API v1: what a core in any language has to show, asked over HTTP."""
