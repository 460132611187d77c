"""Names of sections among the texts of markers, and texts that name none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from symbolic.notes.playback.words import is_first_tempo, sign_of_words

MAX_NAME_LENGTH = 80  # characters: longer texts are sentences


def section_names(texts: Sequence[str]) -> list[bool]:
    """Return for each text of a piece whether it can be the name of a section.

    These are no names:

    - tempos and manners of playing ("Allegro con brio", "a tempo", "120 bpm", "sehr langsam"),
      unless the text names a section as well ("Presto - Teil 1");
    - chords, if the piece has one that is no letter with a digit: "A" and "B2" are sections where
      no "Am" or "F#" stands beside them;
    - loop points ("loopStart"), bar numbers ("Bar 12"), times ("1:23"), meters ("3/8"), "To Coda",
      and keys of styles of keyboards ("SFF2", "SInt", "fn:Main A");
    - an empty text, or one of more than `MAX_NAME_LENGTH` characters.

    Any other text is a name, also that of a jump ("D.C.") or an end ("Fine"): both close a section.
    """
    chords = any(_PLAIN_CHORD.fullmatch(text) for text in texts)
    return [
        not (chords and _CHORD.fullmatch(text)) and _is_name(" ".join(text.split()))
        for text in texts
    ]


def _is_name(text: str) -> bool:
    if not text or len(text) > MAX_NAME_LENGTH or _OTHERS.search(text):
        return False
    if _SHORT.fullmatch(text) or _SECTION.search(text):
        return True
    jump, sign = sign_of_words(text)
    if jump or sign:
        return sign != "ToCoda"
    return not (is_first_tempo(text) or _is_manner(text))


def _is_manner(text: str) -> bool:
    """Return whether all words of a text are of tempo or expression, beside short ones."""
    words = [word for word in _WORD.findall(text.lower()) if word not in _PARTICLES]
    return bool(words) and all(word in _MANNERS or word.startswith(_STEMS) for word in words)


_ROOT = "[A-G](?:#|b|♯|♭)?"
_QUALITY = (
    r"(?:maj|min|mi|ma|m|M|dim|aug|sus|add|°|o|ø|\+|-|Δ|△|\d+|#|b|♯|♭|\(|\)|no|alt|/(?=[69]))*"
)
_CHORD = re.compile(rf"\s*(?:N\.?C\.?|{_ROOT}{_QUALITY}(?:/{_ROOT})?)\s*")
_PLAIN_CHORD = re.compile(rf"\s*(?![A-G]\d{{0,2}}\s*$){_ROOT}{_QUALITY}(?:/{_ROOT})?\s*")

_SHORT = re.compile(r"[A-Za-z]{1,2}\d{0,2}['\u2019]{0,2}|\d{1,3}[A-Za-z]?|[IVX]{1,6}\.?")
_SECTION = re.compile(
    r"(?<![^\W\d_])(?:intro|introdu[ck]tion|introduzione|einleitung|verse|strophe|stanza|couplet"
    r"|vers|pre-?chorus|chorus|refrain|kehrreim|estribillo|hook|bridge|middle|solo|interlude"
    r"|zwischenspiel|outro|ending|coda|section|part|teil|mittelteil|partie|episode|vamp|break"
    r"|breakdown|build|drop|theme|thema|tema|th[eè]me|var|variation|variatio|variazione|trio"
    r"|minore|maggiore|minuetto?|menuett?o?|scherzo|finale|cadenza|kadenz|fuga|fugue|preludio"
    r"|prelude|praeludium|exposition|development|durchführung|recapitulation|reprise|repeat"
    r"|repetition|repitition|wiederholung|übergang|transition)(?![^\W\d_])",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"^\W*(?:loop[ _-]?(?:start|begin|end|point)?\W*\d*|(?:bar|measure|takt|mesure|battuta)s?\W*\d+"
    r"|[mtb]\.\s*\d+|\d+:\d\d.*|(?:change to )?\d+/\d+|sff[12]|sint|fn:.*|tempo\W*\d+(?:[.,]\d+)?"
    r"|(?:to|al|alla|zur) coda)\W*$|\bbpm\b|[♩♪𝅗𝅥𝅘𝅥]\s*[.·]?\s*=|=\s*\d",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")
_PARTICLE_WORDS = (
    "a ad al alla alle all au aux con da dal de del della der des di du e ed el en et i ii il im "
    "in l la le les lib ma mit ohne the to un und una une with zu zur"
)
_MANNER_WORDS = (
    "accel affetto anim assai attacca brio calmo cedez come comodo cresc debut début dim dolce "
    "encore erste erstes etwas expr fast faster feroce fuoco fließend flowing giusto grave grazia "
    "istesso istesseo lent lento legato largo largamente leger léger liberamente little meno mezzo "
    "mesto molto moto mosso mossa mouv mouvement mov much nicht noch non pas passione peu piu più "
    "plus poco premier prima primo presque presto quasi rall rapide rapid rapido religioso rit "
    "rubato ruhig ruhiger schnell schneller sehr semplice sempre sentimento slow slower slowly "
    "stesso stretto subito swing straight swung tanto temp tempo tempo1 tres très trop troppo "
    "teneramente very vif vite vivo wieder zeitmaß zeitmass"
)
_PARTICLES, _MANNERS = frozenset(_PARTICLE_WORDS.split()), frozenset(_MANNER_WORDS.split())
_STEMS = (
    *("accelerand", "adag", "agitat", "allarg", "allegr", "andant", "animat", "animant", "animé"),
    *("appassionat", "ardent", "aufgeregt", "bewegt", "brillant", "brios", "calando", "calmat"),
    *("cantabil", "capric", "captric", "crescend", "decis", "decresc", "delicat", "diminuend"),
    *("doloros", "energic", "espress", "expressi", "giocos", "giogos", "gracios", "grazios"),
    *("innocent", "intimis", "langsam", "largh", "lebhaft", "leggier", "legerement", "légèrement"),
    *("lentamente", "lusing", "maestos", "marcat", "mäßig", "mässig", "moderat", "modéré"),
    *("morend", "perdend", "pesant", "piacevol", "prestissim", "rallent", "retenez", "retenu"),
    *("risolut", "ritard", "riten", "scherzand", "smorz", "sostenut", "spiritos", "spirituos"),
    *("string", "tranquil", "vivac", "zingar"),
)
