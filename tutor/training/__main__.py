"""`python -m tutor.training claims|intents|grades|speech`: fits the bundled weights anew (an hour on two cores).

`python -m tutor.training lessons` makes the chat model's scripted examples anew.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path

from tutor.adapter import CLAIMS, INTENTS
from tutor.evaluation.numbered import best_first
from tutor.evaluation.routing import load_messages
from tutor.jobs import list_demos
from tutor.models.embedded import embedded_path
from tutor.quiz.bank import Bank
from tutor.router import Router
from tutor.session import open_session
from tutor.settings import read_settings
from tutor.training.claims import LABELS, claim_examples, read_claims
from tutor.training.examples import Lesson, as_given, read_lessons
from tutor.training.grades import fit_grades
from tutor.training.lora import Example, Fit, fit_adapter
from tutor.training.scripted_lessons import write_scripted
from tutor.training.speaking import Progress, SpeechFit, fit_speech, put_in_place


def main() -> None:
    """Fits what is named and writes its weights into the package."""
    parser = argparse.ArgumentParser(prog="python -m tutor.training")
    parser.add_argument("what", choices=("claims", "intents", "grades", "speech", "lessons"))
    parser.add_argument(
        "--stages", type=Path, help="a folder where stages are kept, so that a stopped fit goes on"
    )
    parser.add_argument("--finished", type=Path, help="for speech: a fitted adapter, put in place as it is")
    arguments = parser.parse_args()
    what = arguments.what
    if what == "speech":
        fit_speech_anew(arguments.stages, arguments.finished)
        return
    settings = read_settings({"model": "notes-only"})
    session = open_session(settings, model=False)
    retriever = session.retriever

    def told(done: int, loss: float) -> None:
        if done % 25 == 0:
            print(f"{done} batches, loss {loss:.3f}", file=sys.stderr, flush=True)

    if what == "claims":
        fit_adapter(retriever.embedding, Fit(LABELS), claim_examples(retriever, read_claims()), CLAIMS, told)
        return
    if what == "lessons":
        demos = [demo["name"] for demo in list_demos(settings.root)]
        made = write_scripted(retriever, demos)
        print(dict(Counter(one.job for one in made)))
        return
    if what == "grades":
        with tempfile.TemporaryDirectory() as own:
            folder = arguments.stages or Path(own)
            fit_grades(Bank(retriever), told, folder)
        return
    router: Router = session.router
    messages = load_messages("routing-train")
    examples = [Example(router.masked(one.text), "", frozenset({one.route})) for one in messages]
    fit = Fit(tuple(sorted({one.route for one in messages})), tokens=96, epochs=5)
    fit_adapter(retriever.embedding, fit, lambda epoch: examples, INTENTS, told)


def fit_speech_anew(stages: Path | None, finished: Path | None) -> None:
    """Fits the chat model's adapter, unless a finished one is named, and puts it into the package."""

    def told(progress: Progress, steps: int) -> None:
        if progress.step % 10 == 0:
            print(
                f"step {progress.step} of {steps}, loss {progress.curve[-1][1]:.3f}",
                file=sys.stderr,
                flush=True,
            )

    with tempfile.TemporaryDirectory() as own:
        base = embedded_path(read_settings().cache_dir)
        put_in_place(finished or fit_speech(base, _lessons(), SpeechFit(), stages or Path(own), told))


def _lessons() -> list[Lesson]:
    """The bundled examples as the tutor gives them in use."""
    retriever = open_session(read_settings({"model": "notes-only"}), model=False, watch=False).retriever
    return [as_given(lesson, partial(best_first, retriever)) for lesson in read_lessons()]


main()
