"""Train the encoder that hears the key, and say how often it is right; `--help` lists everything.

The model of the emotion then begins with it: `python scripts/train.py --pretrained FOLDER`.
"""

from symbolic.commands.keys.train_key import main

if __name__ == "__main__":
    raise SystemExit(main())
