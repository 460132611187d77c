"""Train a model on labelled music; `--help` lists the options, docs/experiments/ the commands used.

Flags, a YAML file of them, or both: `python scripts/train.py settings.yaml --seed 1`.
"""

from symbolic.commands.train import main

if __name__ == "__main__":
    raise SystemExit(main())
