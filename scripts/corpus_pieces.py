"""Copy pieces of several composers from the corpus that music21 installs, for `make score`.

The corpus names files by movement only, so the copies are named by composer and work.
"""

import shutil
import sys
from pathlib import Path

PIECES = (
    "bach/bwv66.6",
    "bach/bwv846",
    "beach/prayer_of_a_tired_child",
    "beethoven/opus18no1/movement3",
    "corelli/opus3no1/1grave",
    "haydn/opus74no1/movement3",
    "johnson_j_r/lift_every_voice",
    "joplin/maple_leaf_rag",
    "liliuokalani/aloha_oe",
    "monteverdi/madrigal.5.8",
    "mozart/k156/movement2",
    "mozart/k545/movement1_exposition",
    "schoenberg/opus19/movement6",
    "schubert/Lindenbaum",
    "schumann_clara/polonaise_op1n1",
    "schumann_robert/opus48no2",
    "verdi/laDonnaEMobile",
    "webern/webern_dormi_jesu_op_16_no_2",
)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: corpus_pieces.py FOLDER")
    from music21.common import getCorpusFilePath

    corpus, folder = Path(getCorpusFilePath()), Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    copied = 0
    for piece in PIECES:
        # Other releases of music21 may hold other pieces; one that is missing costs only itself.
        for suffix in (".mxl", ".xml", ".musicxml"):
            source = corpus / f"{piece}{suffix}"
            if source.is_file():
                shutil.copyfile(source, folder / f"{piece.replace('/', '-')}{suffix}")
                copied += 1
    print(f"{copied} pieces of music21's corpus in {folder}")


if __name__ == "__main__":
    main()
