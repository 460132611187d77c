"""Audit of data sets: duplicates, labels, leaks between splits."""
