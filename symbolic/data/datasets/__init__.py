"""PyTorch data sets, collation, sampling."""
