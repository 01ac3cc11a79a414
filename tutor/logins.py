"""Who may log in: a file of names with hashed passwords, and the waits that wrong tries cost.

A line holds `name:$scrypt$ln=15,r=8,p=3$SALT$HASH`, salt and hash in base64 without padding, as password hashes are
commonly written; blank lines and lines that begin with # are left out. The standard library alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import os
import re
import secrets
import stat
import threading
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tutor.errors import SettingsError

LEAST_PASSWORD, LONGEST_PASSWORD = 8, 256
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
NAME_RULE = "A name has 1 to 32 small letters, digits, - or _ and begins with a letter or digit."
# 32 MB and a quarter of a second a try; as https://cheatsheetseries.owasp.org (Password Storage) advises.
_LN, _R, _P = 15, 8, 3
_HASH = re.compile(
    r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22,})\$([A-Za-z0-9+/]{43,})"
)
_NOBODY = f"$scrypt$ln={_LN},r={_R},p={_P}${'A' * 22}${'A' * 43}"
_ADD = "Add lines with `tutor users add NAME --file FILE`."


def login_name(text: str) -> str:
    """The name that somebody meant who typed `text`: phones like to begin with a capital letter."""
    return text.strip().lower()


def hashed(password: str) -> str:
    """The hash of a password with its parameters and a new salt, as it stands in a file of logins.

    Raises:
        SettingsError: the password is too short or too long.
    """
    if not LEAST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        what = f"The password has {len(password)} characters"
        raise SettingsError(what, f"Choose one with {LEAST_PASSWORD} to {LONGEST_PASSWORD}.")
    salt = secrets.token_bytes(16)
    found = _scrypt(password, salt, _LN, _R, _P, 32)
    return f"$scrypt$ln={_LN},r={_R},p={_P}${_encoded(salt)}${_encoded(found)}"


def fits(password: str, kept: str) -> bool:
    """Whether a password is the one of a hash; takes the same time for each password."""
    match = _HASH.fullmatch(kept)
    assert match is not None, "read_logins lets no other hash through"
    ln, r, p = (int(number) for number in match.groups()[:3])
    salt, wanted = _decoded(match[4]), _decoded(match[5])
    found = _scrypt(password[:LONGEST_PASSWORD], salt, ln, r, p, len(wanted))
    return hmac.compare_digest(found, wanted)


def _scrypt(password: str, salt: bytes, ln: int, r: int, p: int, length: int) -> bytes:
    words = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    memory = 128 * r * (2**ln + p + 2)
    return hashlib.scrypt(words, salt=salt, n=2**ln, r=r, p=p, maxmem=memory + 2**20, dklen=length)


def read_logins(file: Path) -> dict[str, str]:
    """The hashes by name.

    Raises:
        SettingsError: the file cannot be read, may be read by others, holds no logins, or a line is none.
    """
    found = _parsed(_lines(file), file)
    if not found:
        raise SettingsError(f"{file} holds no logins", _ADD)
    return found


def _lines(file: Path) -> list[str]:
    try:
        mode = file.stat().st_mode
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The logins in {file} cannot be read ({error})", _ADD) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(f"The logins in {file} can be read by others", f"Say `chmod 600 {file}`.")
    return lines


def _parsed(lines: list[str], file: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, _, kept = line.strip().partition(":")
        if problem := _problem(name, kept, found):
            raise SettingsError(f"Line {number} of {file} {problem}", _ADD)
        found[name] = kept
    return found


def _problem(name: str, kept: str, known: dict[str, str]) -> str:
    """What is wrong with a line, in words that do not repeat it: it may hold a password."""
    if not NAME.fullmatch(name):
        return f"begins with no name. {NAME_RULE}"
    if name in known:
        return f"names {name} again"
    match = _HASH.fullmatch(kept)
    if match is None:
        return "holds no hashed password"
    ln, r, p = (int(number) for number in match.groups()[:3])
    if not (14 <= ln <= 20 and 8 <= r <= 16 and 1 <= p <= 8):
        return "has parameters that are too weak or too costly"
    with suppress(binascii.Error):
        return "" if _decoded(match[4]) and _decoded(match[5]) else "holds no hashed password"
    return "holds no hashed password"


def add_login(file: Path, name: str, password: str) -> None:
    """Writes a new line; the file is made if missing and only its owner may read it.

    Raises:
        SettingsError: the name or the password is not allowed, the name is taken, or the file cannot be written.
    """
    if not NAME.fullmatch(name):
        raise SettingsError(f"{name[:60]!r} is no name for a log-in", NAME_RULE)
    lines = _lines(file) if file.exists() else []
    if name in _parsed(lines, file):
        remedy = f"To give another password, first say `tutor users remove {name} --file {file}`."
        raise SettingsError(f"{name} can log in already", remedy)
    _write(file, [*lines, f"{name}:{hashed(password)}"])


def remove_login(file: Path, name: str) -> None:
    """Takes a line out; the student's record stays. Raises SettingsError when the name is not there."""
    lines = _lines(file)
    if name not in _parsed(lines, file):
        raise SettingsError(f"{file} holds no log-in {name[:60]!r}", f"See `tutor users list --file {file}`.")
    _write(file, [line for line in lines if line.strip().partition(":")[0] != name])


def _write(file: Path, lines: list[str]) -> None:
    """Writes beside, then renames: a crash leaves the old file or the new one."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write("".join(f"{line}\n" for line in lines))
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        what = f"The logins in {file} cannot be written ({error.strerror or error})"
        raise SettingsError(what, "Check the path and its permissions.") from error


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


@dataclass
class _Misses:
    count: int
    first_s: float
    last_s: float


# Failures that cost nothing, and the longest wait in seconds: of one name; of an address the names of the file that
# fail there, and the tries of names that nobody has. A name's wait is short: nobody can lock another out for long.
_OF_A_NAME = (3, 60.0)
_OF_AN_ADDRESS = (10, 300.0)
_OF_NOBODY = (60, 300.0)
_FORGOTTEN_AFTER_S = 900.0
_MOST_KEPT = 10_000
_LONGEST_TYPED = 64


class Door:
    """Checks names and passwords. After some failures each further one doubles the wait.

    A class may share one address, so its wait grows with the names of the file that fail there, and not with the tries
    of one; and a right password takes back the failures of its name. Names that nobody has cost the same time, and make
    an address wait only when there are very many tries of them.

    Where a name has come in before, from the same address, only its own failures at that address count: nobody
    elsewhere can make it wait, and no other name that fails there. Who tries its password at that very address can, for
    a minute at most: they cannot be told from the student. Whoever is in stays in.

    A try within the wait is refused unread. Safe to call from several threads; one password is tried at a time.

    Args:
        file: the logins; read anew at each try, so that a name can be added while the page is served.
        clock: s, never going back.
    """

    def __init__(self, file: Path, clock: Callable[[], float]) -> None:
        self._file = file
        self._clock = clock
        self._misses: dict[tuple[str, ...], _Misses] = {}
        self._known: set[tuple[str, str]] = set()
        self._trying = threading.Lock()
        self._counting = threading.Lock()
        self._read: tuple[tuple[int, int], dict[str, str]] = (0, 0), {}
        self._unread = ""

    def line(self, name: str) -> str:
        """The hash by which the name may log in now, empty where it may not; the file is read again when it changed.

        While the file cannot be read, or has a line that is no login, it holds what it held before: a slip of whoever
        edits it throws nobody out. That is logged once.
        """
        try:
            status = self._file.stat()
            seen = status.st_mtime_ns, status.st_size
            if self._read[0] != seen:
                # It may hold none at all: the last was taken out.
                self._read = seen, _parsed(_lines(self._file), self._file)
            self._unread = ""
        except (OSError, SettingsError) as error:
            if self._unread != str(error):
                self._unread = str(error)
                logging.getLogger("tutor.logins").error("who is in stays in as before: %s", error)
        return self._read[1].get(name, "")

    def wait_s(self, name: str, address: str) -> float:
        """How long the next try must wait; 0 when it need not."""
        name, now = _typed(name), self._clock()
        with self._counting:
            if (name, address) in self._known:
                return _left_s(self._misses.get(("place", address, name)), _OF_A_NAME, now)
            failing = [each.first_s for key, each in self._misses.items() if key[:2] == ("place", address)]
            names = _Misses(len(failing), 0.0, max(failing, default=0.0))
            own = _left_s(self._misses.get(("name", name)), _OF_A_NAME, now)
            nobody = _left_s(self._misses.get(("nobody", address)), _OF_NOBODY, now)
            return max(own, nobody, _left_s(names, _OF_AN_ADDRESS, now))

    def opens(self, name: str, password: str, address: str) -> str:
        """The hash that the password fits, as `line` gives it; empty where it is not the name's.

        Raises:
            SettingsError: the file of logins cannot be read any more.
        """
        name = _typed(name)
        with self._trying:
            if self.wait_s(name, address) > 0:
                return ""
            kept = read_logins(self._file).get(name, "")
            # A name that nobody has costs the same time as any other.
            right = fits(password, kept or _NOBODY) and bool(kept)
            with self._counting:
                if right:
                    self._come_in(name, address)
                else:
                    self._failed(name, address, is_held=bool(kept))
            return kept if right else ""

    def _come_in(self, name: str, address: str) -> None:
        for key in (("name", name), ("place", address, name)):
            self._misses.pop(key, None)
        if len(self._known) < _MOST_KEPT:
            self._known.add((name, address))

    def _failed(self, name: str, address: str, is_held: bool) -> None:
        now = self._clock()
        for key in [key for key, each in self._misses.items() if now - each.last_s > _FORGOTTEN_AFTER_S]:
            del self._misses[key]
        while len(self._misses) >= _MOST_KEPT:
            del self._misses[next(iter(self._misses))]
        for key in (("name", name), ("place", address, name) if is_held else ("nobody", address)):
            before = self._misses.pop(key, _Misses(0, now, now))
            self._misses[key] = _Misses(before.count + 1, before.first_s, now)


def _typed(name: str) -> str:
    return login_name(name[:_LONGEST_TYPED])


def _left_s(misses: _Misses | None, bounds: tuple[int, float], now: float) -> float:
    """How long the next try must wait after so many failures, by their last one."""
    free, longest_s = bounds
    if misses is None or misses.count < free:
        return 0.0
    wait_s = min(longest_s, 2.0 ** min(misses.count - free, 30))
    return max(0.0, misses.last_s + wait_s - now)
