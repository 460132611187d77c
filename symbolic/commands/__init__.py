"""The commands of `symbolic` that have options of their own kind."""
