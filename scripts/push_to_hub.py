"""Publish a trained model on the Hugging Face Hub; with --dry-run only write what would be sent."""

from symbolic.commands.push import main

if __name__ == "__main__":
    raise SystemExit(main())
