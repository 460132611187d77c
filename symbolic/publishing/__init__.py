"""Publishing: model cards and uploads to the Hugging Face Hub."""

from symbolic.renamed import old_names

__getattr__ = old_names(__name__)
