"""Compare predicted keys with annotated keys; `--help` lists the options."""

from symbolic.commands.keys.evaluate_keys import main

if __name__ == "__main__":
    raise SystemExit(main())
