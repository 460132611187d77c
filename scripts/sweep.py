"""Train and compare a grid of systems; `--help` tells how, docs/experiments/ the results."""

from symbolic.commands.sweep import main

if __name__ == "__main__":
    raise SystemExit(main())
