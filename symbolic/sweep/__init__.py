"""Grids of systems, protocols, folds and seeds, trained cell by cell here or on other machines."""
