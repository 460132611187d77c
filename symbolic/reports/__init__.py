"""Reports, plots and tables as text."""
