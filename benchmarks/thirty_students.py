"""How soon each student of a class sees a place in the line: `python benchmarks/thirty_students.py [--students N]`.

The page of a class is served by a process of its own, with a scripted model that talks for two seconds an answer. All
students are logged in and have the page open; then all send a question at once, each as a browser does: the message
is taken in, then its answer is asked for, then the stream of the tab is read. The time ends with the first line that
says how many come before.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tutor.settings import close_environment

close_environment()

PASSWORD = "correct horse"
ANSWER_S = 2.0
WORDS = 40
NOTE = "# Mode collapse\n\nMode collapse is a failure of GAN training: the generator makes few kinds of output.\n"


def serve(folder: Path, students: int) -> None:
    """Serves the page of the class; prints its address, and for each line that it reads its processor time in s."""
    import tutor.session
    from tutor.classroom import open_classroom
    from tutor.logins import hashed
    from tutor.settings import Settings
    from tutor.turns import Delta
    from tutor.ui import start_server

    def scripted(session: Any, chat_id: str, message: str, **more: Any) -> Iterator[Delta]:
        for number in range(WORDS):
            if more["cancel"].wait(ANSWER_S / WORDS):
                return
            yield Delta(f"word {number} ")

    tutor.session.Session.respond = scripted  # type: ignore[method-assign, assignment]
    notes, logins = folder / "notes", folder / "logins"
    notes.mkdir()
    (notes / "mode-collapse.md").write_text(NOTE)
    kept = hashed(PASSWORD)
    logins.write_text("".join(f"s{n}:{kept}\n" for n in range(students)))
    logins.chmod(0o600)
    settings = Settings(
        (notes,), folder / "index", data_dir=folder / "data", cache_dir=folder / "cache", model="notes-only",
        port=0, auth=logins,
    )  # fmt: skip
    classroom = open_classroom(settings)
    running = start_server(classroom, settings)
    print(running.url, flush=True)
    for _ in sys.stdin:
        print(time.process_time(), flush=True)
    running.stop()
    classroom.close()


@dataclass
class Student:
    """One student's browser with one tab.

    Attributes:
        seen: s from sending to the first line that names a place.
        taken: s from sending until the message is on record.
        place: how many came before.
    """

    address: str
    name: str
    cookies: str = ""
    say: int = 0
    answer: int = 0
    opening: list[int] = field(default_factory=list)
    seen: float | None = None
    taken: float = 0.0
    place: int = 0

    def _send(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        connection = http.client.HTTPConnection(self.address, timeout=300)
        headers = {"Origin": f"http://{self.address}", "Content-Type": kind} if body is not None else {}
        if self.cookies:
            headers["Cookie"] = self.cookies
        connection.request(method, path, body, headers)
        return connection.getresponse()

    def enter(self) -> None:
        """Logs in and opens the page as a browser does."""
        body = urllib.parse.urlencode({"username": self.name, "password": PASSWORD}).encode()
        answer = self._send("POST", "/login", body, "application/x-www-form-urlencoded")
        self.cookies = "; ".join(line.partition(";")[0] for line in answer.headers.get_all("Set-Cookie"))
        config = json.loads(self._send("GET", "/config").read())
        by_name = {one["api_name"]: one["id"] for one in config["dependencies"]}
        self.say, self.answer = by_name["say"], by_name["answer"]
        for one in config["dependencies"]:
            if any(target[1] == "load" for target in one["targets"]) and not one["inputs"]:
                self._join(one["id"], [])
        for _ in self._stream():
            pass

    def _join(self, number: int, data: list[Any]) -> None:
        body = json.dumps({"data": data, "fn_index": number, "session_hash": f"tab-{self.name}"}).encode()
        answer = self._send("POST", "/gradio_api/queue/join", body)
        assert answer.status == 200, answer.read()
        answer.read()

    def _stream(self) -> Iterator[bytes]:
        answer = self._send("GET", f"/gradio_api/queue/data?session_hash=tab-{self.name}")
        while line := answer.readline():
            if b"close_stream" in line:
                return
            yield line

    def ask(self, at_once: threading.Barrier) -> None:
        """Sends a question when all are ready; returns when the place is seen, or the answer for who has none."""
        at_once.wait()
        begun = time.perf_counter()
        self._join(self.say, [f"What does {self.name} ask?", None, ""])
        for _ in self._stream():
            pass
        self.taken = time.perf_counter() - begun
        self._join(self.answer, ["Plain"])
        for line in self._stream():
            before, told, _ = line.partition(b" before you")
            if told:
                self.seen, self.place = (
                    time.perf_counter() - begun,
                    int(before.rpartition(b">")[2].split()[-1]),
                )
                return
            if b"word 0" in line:
                return


def measure(students: list[Student]) -> None:
    """All ask at once."""
    at_once = threading.Barrier(len(students))
    threads = [threading.Thread(target=student.ask, args=(at_once,), daemon=True) for student in students]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.students < 3:
        parser.error("--students: 3 at least, so that two of them wait")
    if options.serve is not None:
        serve(options.serve, options.students)
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--students", str(options.students), "--serve", folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None and server.stdin is not None
            address = server.stdout.readline().strip().removeprefix("http://")
            students = [Student(address, f"s{n}") for n in range(options.students)]
            for student in students:
                student.enter()
            used_s = []
            for work in (lambda: None, lambda: measure(students)):
                work()
                print(file=server.stdin, flush=True)
                used_s.append(float(server.stdout.readline()))
            server.stdin.close()
    report(students, used_s[1] - used_s[0])


def report(students: list[Student], used_s: float) -> None:
    """Prints seconds; `used_s` of the processor went to the server meanwhile."""
    seen = sorted(student.seen for student in students if student.seen is not None)
    taken = sorted(student.taken for student in students)
    print(f"{len(seen)} of {len(students)} waited; places {sorted(student.place for student in students)}")
    for what, values in (("on record", taken), ("place seen", seen)):
        cuts = statistics.quantiles(values, n=20, method="inclusive")
        print(f"{what:10}: p50 {cuts[9]:.2f} s, p95 {cuts[18]:.2f} s, max {values[-1]:.2f} s")
    print(f"processor time of the server meanwhile: {used_s:.2f} s; load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
