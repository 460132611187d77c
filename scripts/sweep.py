"""Train and compare a grid of systems; `--help` tells how, RESULTS.md what came of it."""

from symbolic.commands.sweep import main

if __name__ == "__main__":
    raise SystemExit(main())
