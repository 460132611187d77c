"""Command line of `scripts/sweep_audio.py`: `symbolic sweep`, which trains audio systems too."""

from symbolic.commands.sweep import main

__all__ = ["main"]
