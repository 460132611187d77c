"""HTML report of a scored corpus."""
