"""Training of models with the transformers Trainer."""

from symbolic.renamed import old_names

__getattr__ = old_names(__name__)
