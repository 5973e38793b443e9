"""The tests, a package: whatever else is installed under this name, `tests` is ours."""
