"""Write the fingerprints of the training pieces of a model that was saved without them.

The model in the package: `--help`, and docs/experiments/default-model.md. Training pieces are those
whose group is in the model's `training.json`.
"""

import argparse
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from symbolic.commands.arguments import guarded
from symbolic.data import (
    Piece,
    read_emopia,
    read_percepiano,
    read_pop909,
    read_vgmidi,
    read_when_in_rome,
    read_ym2413,
)
from symbolic.data.audit.fingerprints import Fingerprints
from symbolic.data.groups import group_name, hashed_group
from symbolic.training.run_folder import FINGERPRINTS, training_groups

READERS = {
    "emopia": read_emopia,
    "vgmidi": read_vgmidi,
    "ym2413": read_ym2413,
    "percepiano": read_percepiano,
    "pop909": read_pop909,
    "when_in_rome": read_when_in_rome,
}


def fingerprints(
    groups: Collection[str], corpora: Mapping[str, Sequence[Piece]], no_melodies: Collection[str]
) -> Fingerprints:
    """Compute the fingerprints of the pieces whose group is in a record.

    Args:
        groups: of the record, hashed.
        corpora: pieces by the name of their corpus.
        no_melodies: corpora whose pieces are stored without melodic figures.

    Raises:
        ValueError: groups of the record that no corpus has.
    """
    trained = {
        name: [p for p in pieces if hashed_group(group_name(p.corpus, p.group)) in groups]
        for name, pieces in corpora.items()
    }
    found = {group_name(p.corpus, p.group) for pieces in trained.values() for p in pieces}
    if missing := set(groups) - set(map(hashed_group, found)):
        names = ", ".join(sorted({name.partition(":")[0] for name in missing}))
        raise ValueError(f"{len(missing)} groups of the record are in no corpus given: {names}")
    parts = []
    for name, pieces in trained.items():
        part = Fingerprints.of_pieces(pieces)
        if name in no_melodies:
            part = replace(part, figures=Fingerprints().figures)
        print(f"{name}: {len(part)} pieces, {len(part.figures.code)} figures")
        parts.append(part)
    return Fingerprints.joined(parts)


@guarded
def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="folder of the model")
    for name in READERS:
        parser.add_argument(f"--{name.replace('_', '-')}", help=f"folder of {name}")
    parser.add_argument("--pop909-keys", help="as of train_key.py")
    parser.add_argument("--when-in-rome-keys", help="as of train_key.py")
    parser.add_argument(
        "--no-melodies", nargs="*", default=[], choices=READERS, help="corpora without melodies"
    )
    options = vars(parser.parse_args(arguments))
    corpora = {}
    for name, read in READERS.items():
        tables = {"table": table} if (table := options.get(f"{name}_keys")) else {}
        if options[name]:
            corpora[name] = read(options[name], **tables)
    groups = set(training_groups(options["model"]))
    fingerprints(groups, corpora, options["no_melodies"]).save(options["model"] / FINGERPRINTS)


if __name__ == "__main__":
    raise SystemExit(main())
