"""Results of an audit as text, and as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from symbolic.data.audit.records import BY_CHANCE, Audit, Copies, SameMelody
from symbolic.data.groups import group_name
from symbolic.data.pieces import Piece
from symbolic.notes.sources import display_name, passed_over_line

MOST_LINES = 20
HEADINGS = {
    "split": "LEAK: the same {} in different splits",
    "groups": "LEAK: the same {} in different groups: folds by group would separate them",
    "known": "the same {} in groups that are kept together",
    "group": "the same {} twice in one group",
}


def audit_text(audit: Audit) -> str:
    """Describe the results in lines of text, at most `MOST_LINES` of each kind.

    What is found has its number in the heading; facts about all files have none.
    """
    lines = _summary(audit)

    def section(heading: str, found: Iterable[str]) -> None:
        found = list(found)
        if found:
            lines.extend(["", f"{heading}: {len(found)}"])
            lines.extend(f"  {line}" for line in found[:MOST_LINES])
            if len(found) > MOST_LINES:
                lines.append(f"  and {len(found) - MOST_LINES} more")

    def facts(heading: str, found: Sequence[str]) -> None:
        if found:
            lines.extend(["", f"{heading}:", *(f"  {line}" for line in found)])

    across = [f"{found.group}: {_counts(found.counts)}" for found in audit.across]
    section("LEAK: groups in more than one split", across)
    for verdict, heading in HEADINGS.items():
        for kind in ("bytes", "notes"):
            of_kind = [c for c in audit.copies if (c.kind, c.verdict) == (kind, verdict)]
            section(heading.format(kind), map(_copies, of_kind))
        section(
            heading.format("melody"), [_melody(m) for m in audit.melodies if m.verdict == verdict]
        )
    section(
        "cannot be read",
        [f"{display_name(piece.path)}: {reason}" for piece, reason in audit.unread],
    )
    section("no label in the row of the table", [_name(piece) for piece in audit.unlabelled])
    section("music without a row in the table, not audited", audit.without_row)
    section("no dynamics: all notes have the same velocity", [_name(piece) for piece in audit.flat])
    facts(
        "one tempo in all files (bars and beats mean nothing if onsets are off the grid)",
        [
            f"{t.corpus}: {t.tempo:g} per minute and {t.meter[0]}/{t.meter[1]} in all {t.files} "
            f"files, {t.on_grid:.0%} of the onsets on the grid ({BY_CHANCE:.0%} by chance)"
            for t in audit.tempos
        ],
    )
    facts(
        "labels of each split",
        [
            f"{b.corpus}, {b.split or 'no split'}: {b.task} of {b.pieces}: {_values(b.values)}"
            for b in audit.balance
        ],
    )
    if audit.passed_over:
        lines.extend(["", passed_over_line(audit.passed_over)])
    return "\n".join([*lines, "", "LEAKS" if audit.leaks else "no leak"])


def audit_dict(audit: Audit) -> dict[str, Any]:
    """Return the results as plain values, for JSON, with the number of pieces in their place."""
    found: dict[str, Any] = {f.name: _plain(getattr(audit, f.name)) for f in fields(audit)}
    found["unread"] = [{**_piece(piece), "reason": reason} for piece, reason in audit.unread]
    return {"leaks": audit.leaks, **found, "pieces": len(audit.pieces)}


def _plain(value: Any) -> Any:
    if isinstance(value, Piece):
        return _piece(value)
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _piece(piece: Piece) -> dict[str, str]:
    names = ("corpus", "group", "split")
    return {"path": display_name(piece.path), **{name: getattr(piece, name) for name in names}}


def _summary(audit: Audit) -> list[str]:
    lines = []
    for corpus in dict.fromkeys(piece.corpus for piece in audit.pieces):
        own = [piece for piece in audit.pieces if piece.corpus == corpus]
        groups = len({piece.group for piece in own})
        splits = _counts(Counter(piece.split or "no split" for piece in own))
        lines.append(f"{corpus}: {len(own)} pieces of {groups} groups: {splits}")
    return lines


def _copies(found: Copies) -> str:
    return " = ".join(_name(piece) for piece in found.pieces)


def _melody(found: SameMelody) -> str:
    moved = f", {found.transposition:+d} semitones" if found.transposition else ""
    return (
        f"{found.figures} figures{moved}: "
        f"{_name(found.first)} {_span(found.first_span)} = "
        f"{_name(found.second)} {_span(found.second_span)}"
        + (f", and {found.pairs - 1} more of these groups" if found.pairs > 1 else "")
    )


def _name(piece: Piece) -> str:
    split = f", {piece.split}" if piece.split else ""
    return f"{display_name(piece.path.name)} ({group_name(piece.corpus, piece.group)}{split})"


def _span(seconds: tuple[float, float]) -> str:
    return f"{seconds[0]:.0f}-{seconds[1]:.0f} s"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _values(values: dict[str, float]) -> str:
    missing = [name for name, value in values.items() if isinstance(value, int) and not value]
    parts = [
        f"{name} {value}" if isinstance(value, int) else f"mean {name} {value:.2f}"
        for name, value in values.items()
        if name not in missing
    ]
    return ", ".join(parts) + (f"; no {', '.join(missing)}" if missing else "")
