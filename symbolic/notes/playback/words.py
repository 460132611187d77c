"""Words in scores that affect playback: tempo names, jumps and ends.

Jumps are abbreviated and translated freely, so that the patterns match their parts: the target
("D.C.", "von Anfang", "dal segno") and the extent ("al Fine", "bis zum Schluss", "alla Coda").
"""

from __future__ import annotations

import re
from functools import lru_cache

# Usual quarters per minute: the beat of tempo names without a number varies by a third and more.
_ITALIAN = {"larghissimo": 16, "largamente": 32, "grave": 40, "molto adagio": 40, "adagissimo": 40}
_ITALIAN |= {"largo": 46, "lento": 52, "adagio": 56, "larghetto": 60, "adagietto": 66}
_ITALIAN |= {"andante": 72, "andantino": 80, "andante moderato": 83, "maestoso": 88, "moderato": 92}
_ITALIAN |= {"tempo di menuetto": 108, "tempo di minuetto": 108, "allegretto": 108, "animato": 120}
_ITALIAN |= {"allegro moderato": 128, "allegro": 132, "allegrissimo": 140, "molto allegro": 144}
_ITALIAN |= {"allegro molto": 144, "allegro assai": 144, "vivace": 160, "vivo": 160}
_ITALIAN |= {"allegro vivace": 160, "vivacissimo": 168, "presto": 184, "prestissimo": 208}
_OTHERS = {"slow": 56, "slowly": 56, "moderate": 92, "moderately": 92, "fast": 132}
_OTHERS |= {"langsam": 56, "sehr langsam": 46, "mäßig": 92, "mässig": 92, "bewegt": 112}
_OTHERS |= {"lebhaft": 144, "schnell": 132, "sehr schnell": 160}
_OTHERS |= {"lent": 52, "très lent": 46, "modéré": 92, "animé": 120, "vif": 144, "vite": 132}
_OTHERS |= {"très vif": 160, "très vite": 144}
_MAX_NAME_WORDS = max(len(name.split()) for name in _ITALIAN | _OTHERS)


@lru_cache(maxsize=1024)
def tempo_of_words(words: str, opening: bool = True) -> float | None:
    """Parse a tempo: a number ("Allegro (♩ = 120)"), or a name at the beginning of the words.

    Args:
        words: such as "Adagio cantabile", in Italian, English, German or French.
        opening: whether they open the piece. Later, words of languages other than Italian are
            tempos only on their own: "schnell", but not "schnell dämpfen".

    Returns:
        Quarters per minute; None if the words are no tempo.
    """
    if len(words) > _MAX_TEMPO_LENGTH:
        return None
    if found := _EQUATION.search(words):
        beat = _BEATS.get(found[1] or "", 1.0) * (1.5 if found[2] else 1.0)
        return beat * float(found[3].replace(",", "."))
    found = re.sub(r"[^\w ]", " ", " ".join(words.split())).lower().split()
    for count in range(min(len(found), _MAX_NAME_WORDS), 0, -1):
        name = " ".join(found[:count])
        tempo = _ITALIAN.get(name)
        if tempo is None and (opening or count == len(found)):
            tempo = _OTHERS.get(name)
        if tempo is not None:
            return float(tempo)
    return None


_MAX_TEMPO_LENGTH = 200  # characters
_BEATS = {"𝅝": 4.0, "𝅗𝅥": 2.0, "♩": 1.0, "𝅘𝅥": 1.0, "♪": 0.5, "𝅘𝅥𝅮": 0.5}
_EQUATION = re.compile(
    rf"({'|'.join(_BEATS)}|\bM\. ?M\.)\s*([.·])?\s*=?\s*(?:c\.|ca\.?|circa|≈|~)?\s*"
    r"(\d{1,3}(?:[.,]\d)?)(?!\d)"
)


@lru_cache(maxsize=1024)
def is_first_tempo(words: str) -> bool:
    """Return whether words restore the first tempo: "Tempo I", "Tempo primo"."""
    return bool(_FIRST_TEMPO.match(" ".join(words.lower().split())))


_FIRST_TEMPO = re.compile(
    r"\W*(?:tempo (?:primo|prima|i|1(?:mo|o|º|°)?)|(?:im )?ersten?s? (?:zeitma(?:ß|ss)|tempo)"
    r"|(?:1er|premier) mouvement)\W*$"
)

_FINE = r"(?:(?:il )?fine?|fim|(?:the )?end|ende|schlu(?:ss|ß)|f i n e|final)"
_LAST = r"(?: (?:last time|ultima volta|d(?:ell?a?|es|u|er)? .*))?"
_TO = (
    r"(?:al|all|alla|à la|à|a la|au|bis|bis zum|bis zur|jusqu à(?: la)?|jusqu au|hasta(?: el| la)?"
    r"|to|to the|und dann|e poi|poi|and)"
)
_BACK = {
    "DaCapo": r"d ?c|d[ae]l? ?capo|(?:zurück )?(?:von|vom|zum) (?:vorne?|anfang|beginn)"
    r"|(?:au|du) (?:début|debut|commencement)|(?:desde )?(?:el|al) (?:principio|comienzo)"
    r"|(?:back to|from|repeat from) (?:the )?(?:beginning|top)|dall inizio",
    "DalSegno": r"d ?[s𝄋]|(?:dal?|dal al) ?(?:segno|segue|s|𝄋)|(?:zurück )?(?:vom|ab|von|zum)"
    r" (?:dem )?(?:zeichen|segno|𝄋)|(?:du|au) (?:signe|𝄋)|(?:desde )?(?:d?el|la|al)"
    r" (?:signo|señal|segno|𝄋)|(?:repeat )?from (?:the )?(?:sign|segno|𝄋)",
}
_CODA = r"(?:coda|[⊕𝄌])"
# Before a jump, the section to repeat may be named; after it, the manner.
_PIECE = (
    r"(?:men|(?:men|min)ue\w*|scherzo|trio|tema|thema|theme|aria|mar(?:ch|sch|cia)|val\w*|waltz"
    r"|walzer|rondo|polonaise|gavotte|bourr[ée]e|si replica|reprendre|retour|wiederholung|go|poi"
    r"|e poi|then|dann|e|and|und|\d+|i+) "
)
_HOW = r"(?: (?:senza|sine?|sans|ohne|without|no|con|with|mit|ma|e|poi|segue|ad lib\w*|\d+)\b.*)?"
_JUMPS = {
    jump: re.compile(rf"(?:{_PIECE})*(?:{back})(?: {_TO})?( {_FINE})?((?: {_TO})* {_CODA})?{_HOW}")
    for jump, back in _BACK.items()
}
_TO_CODA = re.compile(
    r"(?:(?:go|then|only|last|final|second|time|\d\w*|e|und|et) )*"
    r"(?:to|to the|al|alla|à la|à|a la|da|zur|zum|zu|nach|vers|vers la|poi|poi la|dann|puis) "
    rf"{_CODA}(?: .*)?"
)
_ANY_CODA = re.compile(rf"\b{_TO} {_CODA}|{_CODA}$")


@lru_cache(maxsize=1024)
def sign_of_words(words: str) -> tuple[str, str]:
    """Parse the jump and the sign in words such as "D.C. al Fine", "(Fine)" or "zur Coda".

    Returns:
        The jump, as in `symbolic.notes.playback.repeats.Bar`, or ""; and the sign, "Fine", "Coda",
        "ToCoda" or "Segno", or "".
    """
    if len(words) > _MAX_SIGN_LENGTH:
        return "", ""
    text = re.sub(r"[^\w⊕𝄌𝄋 ]", " ", re.sub(r"(?<=\b\w)\.\s*", " ", words)).lower()
    text = " ".join(text.split())
    for jump, pattern in _JUMPS.items():
        if found := pattern.fullmatch(text):
            coda = bool(found[2] or _ANY_CODA.search(text))
            return jump + ("AlFine" if found[1] else "AlCoda" if coda else ""), ""
    if re.fullmatch(_FINE + _LAST, text) and text != "final":
        return "", "Fine"
    if _TO_CODA.fullmatch(text):
        return "", "ToCoda"
    if re.fullmatch(_CODA + r"(?: \w{1,3})?", text):
        return "", "Coda"
    return "", "Segno" if re.fullmatch(r"(?:segno|𝄋)(?: \w{1,3})?", text) else ""


_MAX_SIGN_LENGTH = 60  # characters: longer words are a sentence
