"""The process in which files are read: `python -m tutor.notes.worker DEADLINE_S`.

It says `ready`, then answers each line of JSON `{"path", "root"}` on standard input with one line of JSON on
standard output: `{"note", "sha256"}` or `{"reason"}`, the latter with `sha256` too where the file could be opened.
What is wrong with the program itself ends the process, and the caller takes the next one.
"""

from __future__ import annotations

import hashlib
import json
import math
import signal
import sys
from pathlib import Path
from typing import TextIO

from tutor.errors import NotesError
from tutor.notes.note_json import note_to_json
from tutor.notes.recognise import file_bytes, name_in, note_from_bytes

MEMORY_MB = 512
_PROGRAM_MB = 64  # address space of the interpreter with all parsers loaded, measured as 53 MB


def main() -> None:
    """Answers requests until standard input ends."""
    deadline_s = float(sys.argv[1])
    _limit_memory()
    answers = open(sys.stdout.fileno(), "w", encoding="utf-8", newline="\n", closefd=False)  # noqa: SIM115
    _say(answers, {"ready": True})
    for request in open(sys.stdin.fileno(), encoding="utf-8", closefd=False):  # noqa: SIM115
        asked = json.loads(request)
        _alarm(math.ceil(deadline_s) + 5)
        answer = _read(Path(asked["path"]), Path(asked["root"]))
        _alarm(0)
        _say(answers, answer)


def _read(path: Path, root: Path) -> dict[str, object]:
    read: dict[str, object] = {}
    try:
        data = file_bytes(path, root)
        read["sha256"] = hashlib.sha256(data).hexdigest()
        return read | {"note": note_to_json(note_from_bytes(data, name_in(path, root)))}
    except NotesError as error:
        return read | {"reason": f"{error.what.rpartition(' was not read: ')[2]}. {error.remedy}"}
    except MemoryError:
        return read | {
            "reason": f"reading it takes more than {MEMORY_MB} MB of memory. Split it into several notes."
        }


def _say(answers: TextIO, value: dict[str, object]) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()


def _alarm(seconds: int) -> None:
    """Lets the system end this process if the caller is gone and cannot."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


def _limit_memory() -> None:
    if sys.platform.startswith("linux"):
        import resource

        limit = (_PROGRAM_MB + MEMORY_MB) << 20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()
