"""Training of models with the transformers Trainer."""
