"""Keys over time: scorers' tables, `symbolic.local_keys`, and written signatures beside them."""
