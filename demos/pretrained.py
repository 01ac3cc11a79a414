"""Generation with small weights of our own that lie in the tree: digits, faces or text at once, without training.

`python -m demos.pretrain` makes the weights; the record of how lies in their file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from demos import pretrained_words as words
from demos.checkpoints import Checkpoint, load_checkpoint
from demos.pretrained_images import DigitMaker, FaceMaker, ImageMaker
from demos.pretrained_text import TextMaker
from demos.steps import Result, RunSettings, Step

Maker = ImageMaker | TextMaker
FILM = 8
"""Moments of the generation that no viewer should miss, besides its end."""


def maker_of(checkpoint: Checkpoint, knobs: Mapping[str, Any], settings: RunSettings) -> Maker:
    """What generates with a checkpoint, before its first move."""
    if checkpoint.name == "text":
        return TextMaker(checkpoint, knobs, settings)
    images = DigitMaker if checkpoint.name == "digits" else FaceMaker
    return images(checkpoint, knobs, settings)


def run(knobs: Mapping[str, Any], settings: RunSettings) -> Iterator[Step | Result]:
    """Generates with the weights of the knob `model`: a Step for each move, then the Result.

    `knobs` are the checked values of the catalogue's pretrained. The same seed, knobs and device give the same run
    unless the budget cuts it off. Raises WeightsError for weights that are missing or damaged.
    """
    state = maker_of(load_checkpoint(knobs["model"], settings.device), knobs, settings)
    moves = state.pace.total_steps
    keys = {round(moves * part / FILM) for part in range(FILM + 1)}
    yield state.pace.moment(partial(_seen, state), key=True)
    while not state.pace.done:
        state.move()
        yield state.pace.moment(partial(_seen, state), key=state.pace.done or state.pace.step in keys)
    yield _result(state)


def _seen(state: Maker) -> Any:
    """The present as a Look."""
    if isinstance(state, TextMaker):
        return state.look(words.text_caption(state.pace, state.knobs["temperature"]))
    return state.look(words.image_caption(state.kind, state.pace, state.t))


def _result(state: Maker) -> Result:
    step = state.pace.step
    if not state.sound:
        verdict, remedy = words.diverged(step)
        return Result("diverged", step, {}, verdict, (remedy,), words.DIVERGED_NOTES, state.look(verdict))
    metrics = state.measure()
    if isinstance(state, TextMaker):
        verdict, notes, told = words.text_story(state, metrics)
    else:
        verdict, notes, told = words.image_story(state, metrics)
    outcome = "out of time" if state.pace.out_of_time else "done"
    look = replace(state.look(verdict), metrics={name: metric.value for name, metric in metrics.items()})
    return Result(outcome, step, metrics, verdict, told, notes, look)
