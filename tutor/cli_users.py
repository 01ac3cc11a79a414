"""The command around who may log in."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from tutor.command_line import flag, usage
from tutor.errors import SettingsError
from tutor.logins import add_login, login_name, read_logins, remove_login
from tutor.settings import Settings


def users(options: argparse.Namespace, settings: Settings) -> int:
    """`tutor users add|remove|list`: the file of logins that --auth names."""
    from tutor.terminal import print_json

    action, given, file = flag(options, "action"), flag(options, "name"), flag(options, "file", settings.auth)
    as_json = flag(options, "json")
    if file is None:
        return usage("name the file of logins with --file FILE")
    if action == "list":
        names = sorted(read_logins(file))
        print_json(names) if as_json else print("\n".join(names))
        return 0
    if given is None:
        return usage(f"name who it is, as in `tutor users {action} ann --file {file}`")
    name = login_name(given)
    if action == "add":
        add_login(file, name, _password(name, file))
    else:
        remove_login(file, name)
    if as_json:
        print_json({"name": name, "file": str(file)})
    else:
        print(f"{name} can log in." if action == "add" else f"{name} cannot log in any more.")
    return 0


def _password(name: str, file: Path) -> str:
    """Typed twice and unseen at a terminal, else the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(f"Password for {name}: ")
    if getpass.getpass("Once more: ") != password:
        raise SettingsError("The two passwords differ", f"Say `tutor users add {name} --file {file}` again.")
    return password
