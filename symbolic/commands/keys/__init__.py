"""Commands of keys: training of their network, and its evaluation."""
