"""Score trained models on what they held out, beside the baselines; `--help` lists everything."""

from symbolic.commands.evaluate import main

if __name__ == "__main__":
    raise SystemExit(main())
