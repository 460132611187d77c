"""A grid of systems, protocols, folds and seeds: done cell by cell, here or elsewhere."""
