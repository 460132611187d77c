"""Pre-train an encoder on any folder of music; `--help` lists everything."""

from symbolic.commands.pretrain import main

if __name__ == "__main__":
    raise SystemExit(main())
