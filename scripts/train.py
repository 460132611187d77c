"""Train a model on labelled music; `--help` lists everything, RESULTS.md has the commands used."""

from transformers import HfArgumentParser, TrainingArguments

from symbolic.building import TRAINING_DEFAULTS
from symbolic.training import DataArguments, ModelArguments, train


def main() -> None:
    parser = HfArgumentParser((DataArguments, ModelArguments, TrainingArguments))
    parser.set_defaults(**TRAINING_DEFAULTS)
    train(*parser.parse_args_into_dataclasses())


if __name__ == "__main__":
    main()
