"""`python -m symbolic`: the command `symbolic`."""

from symbolic.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
