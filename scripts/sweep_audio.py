"""Train audio systems on the folds of a corpus and sum them up; `--help` lists everything."""

from symbolic.commands.sweep import main

if __name__ == "__main__":
    raise SystemExit(main())
