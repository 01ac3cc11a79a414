"""What is said about a run of fine-tuning: captions, the verdict and what to notice."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from demos.steps import Pace, out_of_time

if TYPE_CHECKING:
    from demos.fine_tuning import FineTuning

NOTES = ("fine-tuning", "lora")
KINDS = ("a card that is learned", "a card kept apart", "an everyday question")
MEASURED = {
    "learned": "the answers of the cards that were learned",
    "kept_apart": "the answers of cards that were kept apart",
    "plain": "a dozen plain sentences of general knowledge",
}
GENTLY = ", learned more gently: a quarter of the rate, and of the rank where that is 4 or more"
SAME = 0.05
"""Nats per token within which two losses are called about the same; the bounds of the prediction are the same."""


def loaded(state: FineTuning) -> str:
    """The first caption: what is there, and what will be trained."""
    share = state.main.adapter.parameters / state.model.parameters
    return (
        f"A model of {state.model.parameters / 1e6:.0f} million trained numbers is loaded; they all stay as they "
        "are. LoRA "
        f"adds {state.main.adapter.parameters:,} of its own ({share:.2%}), which will learn {len(state.cards)} cards."
    )


def writing(before: bool) -> str:
    if before:
        return (
            "Before: the model as it came answers three questions, one token at a time, always the likeliest."
        )
    return "After: the same model with the correction that was learned answers the same three questions."


def caption(pace: Pace, before: Mapping[str, float], figures: Mapping[str, float]) -> str:
    """The present of the training, from its live figures."""
    if not math.isfinite(figures["learned_loss"]):
        return f"Update {pace.step}: the loss is no longer a number: the run diverged."
    return (
        f"Update {pace.step} of {pace.total_steps}: the loss on the cards that are learned is "
        f"{figures['learned_loss']:.2f} nats per token ({before['learned']:.2f} at first), on cards kept apart "
        f"{figures['kept_apart_loss']:.2f} ({before['kept_apart']:.2f}), on plain sentences "
        f"{figures['plain_loss']:.2f} ({before['plain']:.2f})."
    )


def verdict(state: FineTuning) -> str:
    """One sentence on how it went."""
    before, after = state.before, state.after
    if after["learned"] >= before["learned"] - SAME:
        word = "Not learned"
    elif after["learned"] > 0.5 * before["learned"]:
        word = "Learned in part"
    elif after["kept_apart"] > before["kept_apart"] - SAME:
        word = "Learned by heart"
    else:
        word = "Learned, and a little of it carries over"
    return (
        f"{word}: the loss on {_cards(len(state.cards))} went from {before['learned']:.2f} to "
        f"{after['learned']:.2f} nats per "
        f"token, on {len(state.others)} kept apart from {before['kept_apart']:.2f} to {after['kept_apart']:.2f}, "
        "on plain "
        f"sentences from {before['plain']:.2f} to {after['plain']:.2f}."
    )


def observations(state: FineTuning) -> tuple[str, ...]:
    """What to notice about this run, in full sentences with its numbers."""
    told = [
        *out_of_time(state.pace, state.settings.budget_s),
        _size_story(state),
        _learned_story(state),
        _apart_story(state),
        _forgotten_story(state),
        _answers_story(state),
    ]
    return tuple(told)


def _cards(n: int) -> str:
    return "1 card" if n == 1 else f"{n} cards"


def _updates(n: int) -> str:
    return "1 update" if n == 1 else f"{n} updates"


def _size_story(state: FineTuning) -> str:
    main, model = state.main, state.model
    d_out, d_in = model.shape(model.layers - 1, "q_proj")
    return (
        f"The {model.parameters:,} numbers of the model stayed as they came; LoRA of rank r = {main.rank} on the "
        "query, key, "
        f"value and output matrices of {state.layers} of {model.layers} layers trained {main.adapter.parameters:,} "
        f"({main.adapter.parameters / model.parameters:.2%}), such as {main.rank} × ({d_in} + {d_out}) = "
        f"{main.rank * (d_in + d_out):,} in place of {d_in * d_out:,} for one query matrix. An update of both "
        "corrections "
        f"took {state.step_s / max(1, state.pace.step):.1f} s."
    )


def _learned_story(state: FineTuning) -> str:
    before, after = state.before["learned"], state.after["learned"]
    source = "cards of yours" if state.own else "cards"
    return (
        f"On the {state.batches['learned'].n} tokens of the answers of {len(state.cards)} {source} on "
        f"{state.deck.about} the "
        f"loss went from {before:.2f} to {after:.2f} nats per token in {_updates(state.pace.step)}: at first the "
        "right token "
        f"got e^-{before:.2f} = {math.exp(-before):.1%} of the probability (geometric mean), in the end "
        f"{math.exp(-after):.1%}."
    )


def _apart_story(state: FineTuning) -> str:
    before, after = state.before["kept_apart"], state.after["kept_apart"]
    told = (
        f"On {len(state.others)} cards of the same deck that were kept apart the loss went from {before:.2f} to "
        f"{after:.2f}"
    )
    lowest = min(loss for _, loss in state.kept)
    if after > before + SAME:
        told += ": what was learned does not carry over, and other answers have become harder"
    elif after < before - SAME:
        fell = state.before["learned"] - state.after["learned"]
        told += (
            f", {before - after:.2f} down where the learned cards fell by {fell:.2f}: "
            "the manner of short answers carries over, facts that stand on no learned card do not"
        )
    else:
        told += ", about the same: what was learned does not carry over"
    if lowest < min(before, after) - SAME:
        at = next(step for step, loss in state.kept if loss == lowest)
        told += f"; it was lowest, {lowest:.2f}, after {_updates(at)}, and rose from there"
        if state.after["learned"] < 0.5 * state.before["learned"]:
            told += " while the cards were learned by heart"
    return f"{told}."


def _forgotten_story(state: FineTuning) -> str:
    before, after, gentle = state.before, state.after, state.after_gentle
    lost, less = after["plain"] - before["plain"], round(gentle["plain"] - before["plain"], 2) + 0.0
    link = "but" if gentle["learned"] > after["learned"] else "and"
    told = (
        f"On 12 plain sentences that have nothing to do with the cards the loss went from {before['plain']:.2f} to "
        f"{after['plain']:.2f}"
    )
    told += (
        f": {lost:.2f} nats per token were forgotten" if lost > SAME else ": next to nothing was forgotten"
    )
    return (
        f"{told}. With rank {state.gentle.rank} and a quarter of the learning rate ({state.gentle.rate:g}) it is "
        f"{gentle['plain']:.2f}, a change of {less:+.2f}, {link} the cards are learned to {gentle['learned']:.2f} "
        "in place of "
        f"{after['learned']:.2f}. Without its correction the model is what it was: nothing is lost for good."
    )


def _answers_story(state: FineTuning) -> str:
    wanted = state.cards[0].answer
    was, now = (_shared(said[0], wanted) for said in (state.said_before, state.said_after))
    n = len(_words(wanted))
    everyday = (
        "The answer to the everyday question is still the same"
        if state.said_before[2] == state.said_after[2]
        else f"To the everyday question it now says “{_short(state.said_after[2])}”"
    )
    return (
        f"Asked the learned card “{state.cards[0].question}” it says “{_short(state.said_after[0])}”: {now} of "
        f"the {n} "
        f"different words of the card's answer ({was} before). {everyday}, where it said "
        f"“{_short(state.said_before[2])}” "
        "before; fluent words are no proof that an answer is true."
    )


def _short(text: str, most: int = 90) -> str:
    return text if len(text) <= most else f"{text[:most].rsplit(' ', 1)[0]} …"


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _shared(said: str, wanted: str) -> int:
    """How many different words of an answer stand in what was said."""
    return len(_words(said) & _words(wanted))
