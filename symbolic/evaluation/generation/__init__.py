"""Evaluation of generated music: against targets, and against other music."""
