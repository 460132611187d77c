"""The report page of a scored corpus."""
