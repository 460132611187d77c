"""Words in scores that change what sounds: tempo names, and orders to go back and to stop.

Jumps are abbreviated and translated freely, so that what is searched for is their parts: where to
go ("D.C.", "von Anfang", "dal segno") and how far ("al Fine", "bis zum Schluss", "alla Coda").
"""

from __future__ import annotations

import re
from functools import lru_cache

# Quarters per minute, usual ones: beats of names without a number vary by a third and more.
_ITALIAN = {
    "larghissimo": 16,
    "largamente": 32,
    "grave": 40,
    "molto adagio": 40,
    "adagissimo": 40,
    "largo": 46,
    "lento": 52,
    "adagio": 56,
    "larghetto": 60,
    "adagietto": 66,
    "andante": 72,
    "andantino": 80,
    "andante moderato": 83,
    "maestoso": 88,
    "moderato": 92,
    "tempo di menuetto": 108,
    "tempo di minuetto": 108,
    "allegretto": 108,
    "animato": 120,
    "allegro moderato": 128,
    "allegro": 132,
    "allegrissimo": 140,
    "molto allegro": 144,
    "allegro molto": 144,
    "allegro assai": 144,
    "vivace": 160,
    "vivo": 160,
    "allegro vivace": 160,
    "vivacissimo": 168,
    "presto": 184,
    "prestissimo": 208,
}
_OTHERS = {
    "slow": 56,
    "slowly": 56,
    "moderate": 92,
    "moderately": 92,
    "fast": 132,
    "langsam": 56,
    "sehr langsam": 46,
    "mäßig": 92,
    "mässig": 92,
    "bewegt": 112,
    "lebhaft": 144,
    "schnell": 132,
    "sehr schnell": 160,
    "lent": 52,
    "très lent": 46,
    "modéré": 92,
    "animé": 120,
    "vif": 144,
    "vite": 132,
    "très vif": 160,
    "très vite": 144,
}
TEMPOS = _ITALIAN | _OTHERS
_LONGEST = max(len(name.split()) for name in TEMPOS)


@lru_cache(maxsize=1024)
def tempo_of_words(words: str) -> float | None:
    """Return the tempo of the longest tempo name that words begin with.

    Args:
        words: such as "Adagio cantabile", in Italian, English, German or French.

    Returns:
        Quarters per minute; None where the words begin with no name.
    """
    found = re.sub(r"[^\w ]", " ", " ".join(words.split())).lower().split()[:_LONGEST]
    for count in range(len(found), 0, -1):
        if (tempo := TEMPOS.get(" ".join(found[:count]))) is not None:
            return float(tempo)
    return None


_DA_CAPO = re.compile(
    r"\bd ?c\b|\bda ?capo\b|\b(?:von|vom) (?:vorne?|anfang|beginn)\b|\b(?:au|du) (?:début|debut)\b"
    r"|\b(?:desde|al) (?:el )?(?:principio|comienzo)\b|\bfrom the (?:beginning|top)\b"
    r"|\bdall inizio\b"
)
_DAL_SEGNO = re.compile(
    r"\bd ?s\b|\bda(?:l|l?la|) ?seg(?:no|ue)\b|\b(?:vom|ab|von) (?:dem )?(?:zeichen|segno)\b"
    r"|\b(?:du|au) signe\b|\b(?:d?el|desde la|al) (?:signo|señal|segno)\b|\bfrom the sign\b"
)
_FINE = r"(?:fine?|ende|schlu(?:ss|ß)|fin(?:al)?)"
_AL_FINE = re.compile(
    r"\b(?:al|alla|à la|a la|bis|bis zum|jusqu à la|jusqu au|hasta(?: el| la)?|to(?: the)?) "
    rf"{_FINE}\b"
)
_CODA = re.compile(r"\bcoda\b|[⊕𝄌]")
_TO_CODA = re.compile(
    r"\b(?:to(?: the)?|al|alla|ad|à la|a la|zur|zum|poi(?: la)?|dann|puis) (?:coda\b|[⊕𝄌])"
)


@lru_cache(maxsize=1024)
def sign_of_words(words: str) -> tuple[str, str]:
    """Return what words, on one line or several, have to do with the order of playing.

    Args:
        words: such as "D.C. al Fine", "(Fine)", "zur Coda".

    Returns:
        The jump, as `symbolic.notes.repeats.Bar` names it, or ""; and the sign, "Fine", "Coda",
        "ToCoda" or "Segno", or "".
    """
    text = re.sub(r"[^\w⊕𝄌 ]", " ", re.sub(r"(?<=\b\w)\.\s*", " ", words)).lower()
    text = " ".join(text.split())
    if not text or len(text) > _MOST:
        return "", ""
    start = "DaCapo" if _DA_CAPO.search(text) else "DalSegno" if _DAL_SEGNO.search(text) else ""
    if start:
        until = "AlFine" if _AL_FINE.search(text) else "AlCoda" if _CODA.search(text) else ""
        return start + until, ""
    if re.fullmatch(_FINE, text) and text != "final":
        return "", "Fine"
    if _TO_CODA.search(text):
        return "", "ToCoda"
    if text in ("coda", "segno"):
        return "", text.capitalize()
    return "", ""


_MOST = 60  # letters: longer words are a sentence
