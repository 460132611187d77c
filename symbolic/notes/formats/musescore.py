"""Conversion of MuseScore files to MusicXML by the MuseScore program.

No library compatible with the dependencies of this package reads these files: ms3 needs NumPy 1 and
pandas 2.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from symbolic.notes.musicxml.archives import MAX_EXPANDED_BYTES
from symbolic.notes.table import ReadError

PROGRAMS = (
    *("mscore4portable", "mscore4", "musescore4", "MuseScore4"),
    *("mscore3", "musescore3", "MuseScore3", "mscore", "musescore"),
)
"""Names of the program, the newest first: old versions reject files of newer ones."""

MUSESCORE_SECONDS = 60  # limit per file, of wall time and of processor time


def find_musescore() -> str | None:
    """Find the newest MuseScore program on `PATH`; None without one."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def musescore_to_musicxml(score: bytes, seconds: float = MUSESCORE_SECONDS) -> bytes:
    """Convert the content of a `.mscx` file to MusicXML with the MuseScore program.

    The program runs without a window, with temporary settings, in a temporary folder. Repeats, ties
    and transposing parts are kept.

    Raises:
        ReadError: no program, a score that it rejects, such as one of a newer version, a timeout,
            or a too large result.
    """
    program = find_musescore()
    if program is None:
        raise ReadError(
            "MuseScore's files need the MuseScore program on PATH, as mscore or musescore: "
            "apt install musescore3, or see musescore.org"
        )
    with TemporaryDirectory(prefix="musescore-") as folder:
        written, converted = Path(folder, "score.mscx"), Path(folder, "score.musicxml")
        written.write_bytes(score)
        command = [program, "-c", folder, "-o", os.fspath(converted), os.fspath(written)]
        if os.name == "posix":
            # These limits also hold when the worker that started the program is killed.
            limits = f"ulimit -t {MUSESCORE_SECONDS}; ulimit -f {MAX_EXPANDED_BYTES // 512}"
            command = ["/bin/sh", "-c", f'{limits}; exec "$0" "$@"', *command]
        try:
            code, errors = _run(command, folder, seconds)
        except subprocess.TimeoutExpired as error:
            raise ReadError(f"not converted by MuseScore within {seconds:.0f} s") from error
        except OSError as error:
            raise ReadError(f"{program} does not run: {error.strerror or error}") from error
        data = converted.read_bytes() if converted.is_file() else b""
    if code or not data:
        raise ReadError(f"not converted by MuseScore: {_reason(code, errors)}")
    return data


def _run(command: list[str], folder: str, seconds: float) -> tuple[int, str]:
    """Run the program; return its exit status and stderr. All its processes end with an error."""
    apart = {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": folder}  # no display, no session
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | apart if sys.platform == "linux" else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _, errors = process.communicate(timeout=seconds)
    except BaseException:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)  # it may be a script that starts the program
        else:
            process.kill()
        process.communicate()
        raise
    return process.returncode, errors.decode("utf-8", "replace")


def _reason(code: int, errors: str) -> str:
    """Return the first line of the program's error message."""
    if code < 0:
        return f"the program was terminated by signal {-code}"
    unrelated = ("convert <", "QStandardPaths", "Visit ", "Cannot read file", "qt.", "\tto <")
    lines = [line.strip(" :") for line in errors.splitlines() if not line.startswith(unrelated)]
    return next(filter(None, lines), f"exit status {code}")
