"""Folds, protocols and validation splits."""
