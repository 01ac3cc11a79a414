"""What is said about generation with weights from the tree: the captions, the verdicts and what to notice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from demos.steps import Metric, Pace

if TYPE_CHECKING:
    from demos.digit_diffusion import Sweep
    from demos.pretrained_images import ImageMaker
    from demos.pretrained_text import TextMaker

DIVERGED_NOTES = ("diffusion-models", "classifier-free-guidance")
Story = tuple[str, tuple[str, ...], tuple[str, ...]]
"""A verdict, the notes that explain it, and the observations."""


def figure(value: float) -> str:
    """Two digits of a figure, more where it is large."""
    return f"{value:.0f}" if abs(value) >= 99.5 else f"{value:.2g}"


def evaluations(n: float) -> str:
    return "1 evaluation" if n == 1 else f"{n:g} evaluations"


def image_caption(kind: str, pace: Pace, t: float) -> str:
    """One sentence on images at noise level t."""
    if pace.step == 0:
        noise = "pure noise" if kind == "digits" else "noise in the face space, decoded to any face"
        return (
            f"Trained weights are loaded; nothing is trained now. It starts from {noise} (left); the first guess "
            "(right) is an average of what was asked for."
        )
    if t == 0:
        return (
            f"After {evaluations(pace.step)} of the network the noise is gone: these {kind} are measured now."
        )
    return (
        f"Evaluation {pace.step} of {pace.total_steps}, noise level t = {t:.2f}: left the images as they are, right "
        "what the network takes them to become."
    )


def text_caption(pace: Pace, temperature: float) -> str:
    """One sentence on texts that grow."""
    if pace.step == 0:
        return "Trained weights are loaded; nothing is trained now. The network reads the first words."
    return (
        f"Character {pace.step} of {pace.total_steps}: each is drawn from what the network expects next, at "
        f"temperature {temperature:g}, and is read before the one after it."
    )


def diverged(step: int) -> tuple[str, str]:
    """The verdict on a run whose numbers broke, and the remedy."""
    return (
        f"The generation diverged at step {step}: what the network answers is no longer a number.",
        "Less guidance keeps the numbers finite; if it does not help, make the weights anew.",
    )


def image_story(state: ImageMaker, metrics: Mapping[str, Metric]) -> Story:
    """What is told of a finished run of digits or faces."""
    from demos.pretrained_images import SWEEP_NFE

    digits = state.kind == "digits"
    fd = metrics["fd_digits64" if digits else "fd_faces64"]
    agreed = metrics["class_accuracy" if digits else "agreement"]
    word = _word(fd, agreed, metrics)
    read = "digits are read as the one asked for" if digits else "attributes are read as asked for"
    verdict = (
        f"{word}: FD-{state.kind}64 of {fd.n} {state.kind} is {figure(fd.value)}, {fd.value / max(fd.floor, 1e-9):.1f} "
        f"times that of real ones; {agreed.value:.0%} of the {read}, recall is {metrics['recall'].value:.0%}."
    )
    if state.pace.out_of_time:
        verdict = f"Stopped by the time budget while noise was left. {verdict}"
    told = (
        _record_story(state.checkpoint.about, _record_of_images(state.kind, fd, state.checkpoint.about)),
        _distance_story(state.kind, fd),
        _asked_story(state, agreed, metrics),
        _guidance_story(state.by_guidance, min(state.knobs["nfe"], SWEEP_NFE)),
        _evaluations_story(state.by_nfe, metrics["enough_evaluations"]),
        _memory_story(state.kind, metrics["memorisation"]),
    )
    first = "diffusion-models" if digits else "latent-diffusion-and-stable-diffusion"
    first = "sample-precision-and-recall" if word == "Clear but not varied" else first
    return verdict, (first, "flow-matching", "classifier-free-guidance", "evaluation-metrics"), told


def _word(fd: Metric, agreed: Metric, metrics: Mapping[str, Metric]) -> str:
    """The run in a word."""
    if metrics["memorisation"].value < 0.5:
        return "Copied rather than generated"
    if agreed.value < 0.6 * agreed.floor:
        return "Not what was asked for"
    if fd.value <= 4 * fd.floor and metrics["recall"].value >= 0.6:
        return "Close to real"
    if metrics["precision"].value >= 0.8:
        return "Clear but not varied"
    return "Rough"


def _record_story(about: Mapping[str, Any], figures: str) -> str:
    return (
        f"Nothing was trained in this run: the weights come from {about['steps']:,} updates made beforehand on "
        f"{about['data']} (`{about['command']}`, seed {about['seed']}), and their record says {figures}."
    )


def _record_of_images(kind: str, fd: Metric, about: Mapping[str, Any]) -> str:
    figures, measured = about["figures"], about["measured"]
    return (
        f"FD-{kind}64 {figures[f'fd_{kind}64']:.2g} and recall {figures['recall']:.0%} for {measured['samples']} "
        f"images with {evaluations(measured['nfe'])} at guidance {measured['guidance']:g}"
    )


def _distance_story(kind: str, fd: Metric) -> str:
    assert fd.baseline is not None
    classical = "one Gaussian for each digit" if kind == "digits" else "a Gaussian over eigenfaces"
    told = (
        f"FD-{kind}64 of {fd.n} generated {kind} is {figure(fd.value)}; as many real ones come to {figure(fd.floor)} "
        "and not to 0, for a small sample never has quite the same mean and spread; "
        f"{classical}, the classical model, comes to {figure(fd.baseline)}."
    )
    if fd.value < fd.floor and kind == "digits":
        told += " Below that it is no better than real: it learned from the very images that it is measured against."
    return told


def _asked_story(state: ImageMaker, agreed: Metric, metrics: Mapping[str, Metric]) -> str:
    w = state.knobs["guidance"]
    push = "without guidance" if w == 1 else "with the wish ignored" if w == 0 else f"at guidance w = {w:g}"
    if state.kind == "digits":
        asked = (
            "each digit in turn" if state.knobs["digit"] == "all" else f"nothing but {state.knobs['digit']}"
        )
        return (
            f"Asked for {asked} {push}, {agreed.value:.1%} of the images are read as the digit asked for; of held-out "
            f"real digits {agreed.floor:.1%} are read rightly by the same judge, which learned from the same images."
        )
    fixed = [
        f"{name} {state.knobs[name]}"
        for name in ("hair", "smile", "age", "glasses")
        if state.knobs[name] != "any"
    ]
    asked = ", ".join(fixed) if fixed else "attributes drawn at random"
    errors = ", ".join(
        f"{name} {metrics[f'{name}_error'].value:.2f}" for name in ("hair", "smile", "age", "glasses")
    )
    return (
        f"Asked for {asked} {push}, {agreed.value:.0%} of the attributes read off the faces agree with the wish (real "
        f"faces: {agreed.floor:.0%}, another face's wish: {agreed.baseline:.0%}); on a scale from 0 to 1 they miss it "
        f"by: {errors}."
    )


def _guidance_story(by_guidance: Sequence[Sweep], nfe: int) -> str:
    ignored, plain, strong = by_guidance[0], by_guidance[1], by_guidance[-1]
    told = (
        f"With the wish ignored (w = {ignored.setting:g}) {ignored.accuracy:.0%} is read as asked for. From guidance "
        f"w = {plain.setting:g} to {strong.setting:g}, with {evaluations(nfe)}, that goes from {plain.accuracy:.1%} to "
        f"{strong.accuracy:.1%}, recall from {plain.recall:.0%} to {strong.recall:.0%} and FD from "
        f"{figure(plain.fd)} to {figure(strong.fd)}"
    )
    if strong.fd > plain.fd and strong.recall < plain.recall - 0.01:
        return f"{told}: strong guidance pays with variety and overshoots the data."
    if strong.fd > plain.fd:
        return f"{told}: strong guidance overshoots, which recall does not see, for scattered images reach everywhere."
    return f"{told}: here guidance costs nothing."


def _evaluations_story(by_nfe: Sequence[Sweep], enough: Metric) -> str:
    one, last = by_nfe[0], by_nfe[-1]
    told = ", ".join(f"{figure(sweep.fd)} with {sweep.setting:g}" for sweep in by_nfe)
    if one.fd <= last.fd:
        return f"FD of {enough.n} images by evaluations of the network: {told}. Here more evaluations do not help."
    return (
        f"FD of {enough.n} images by evaluations of the network: {told}. One move can only land on an average of what "
        f"was asked for; from {evaluations(enough.value)} on, more of them change little."
    )


def _memory_story(kind: str, ratio: Metric) -> str:
    if ratio.value < 0.5:
        judged = "they are copies"
    elif ratio.value < 0.8:
        judged = "they lean on what was learned"
    elif ratio.value < 1.5:
        judged = "they are no copies"
    else:
        judged = "they are no copies, but lie off the data"
    return (
        f"The nearest training image is {ratio.value:.2f} times as far from the generated {kind} as from real ones "
        f"that were not learned: {judged} (0 would be copies, 1 is what new real images give)."
    )


def text_story(state: TextMaker, metrics: Mapping[str, Metric]) -> Story:
    """What is told of finished texts."""
    bits, known, copied = (metrics[name] for name in ("bits_per_character", "known_words", "copied"))
    assert bits.baseline is not None
    temperature = state.knobs["temperature"]
    if copied.value > copied.floor + 0.4:
        word = "Copied rather than written"
    elif known.value >= known.floor - 0.05:
        word = "Spelled like real text"
    elif known.value >= 0.6:
        word = "Mostly words"
    else:
        word = "More noise than words"
    verdict = (
        f"{word}: {known.value:.0%} of {known.n} written words stand in the text that was learned (real text: "
        f"{known.floor:.0%}) at temperature {temperature:g}; the network needs {bits.value:.2f} bits per character of "
        f"unseen text, counting {bits.baseline:.2f}."
    )
    if state.pace.out_of_time:
        verdict = f"Stopped by the time budget after {state.pace.step} characters. {verdict}"
    figures = state.checkpoint.about["figures"]
    record = f"{figures['bits_per_character']:.3f} bits per character of the whole held-out text"
    told = (
        _record_story(state.checkpoint.about, record),
        _bits_story(state, metrics),
        _sample_story(state, known),
        _temperature_story(state.known, state.known_floor),
        _copies_story(state, copied),
    )
    return verdict, ("tokens-and-sampling", "gpt", "transformer", "perplexity"), told


def _bits_story(state: TextMaker, metrics: Mapping[str, Metric]) -> str:
    bits, perplexity = metrics["bits_per_character"], metrics["perplexity"]
    assert bits.baseline is not None
    rank = "better" if bits.value < bits.baseline else "worse"
    return (
        f"On {bits.n:,} held-out characters the network needs {bits.value:.2f} bits per character, a perplexity of "
        f"{perplexity.value:.2f}; {state.bits[1][0]} counting needs {bits.baseline:.2f} bits, which makes the network "
        f"{abs(bits.baseline - bits.value):.2f} bits {rank}; guessing among {state.tokeniser.vocab} characters needs "
        f"{state.bits[0][1]:.2f}. No temperature changes this figure, for nothing is drawn."
    )


def _sample_story(state: TextMaker, known: Metric) -> str:
    knobs = state.knobs
    text = " ".join(state.written()[0][:70].split())
    pool = f" from the {knobs['top_k']} likeliest" if knobs["top_k"] else ""
    return (
        f"After “{knobs['prompt'].strip()}” it wrote “{text}…” at temperature {knobs['temperature']:g}{pool}: "
        f"{known.value:.0%} of {known.n} words are words of the text, but a word that is spelled rightly need not make "
        "sense, and nothing here checks what is said."
    )


def _temperature_story(known: Sequence[tuple[float, float]], floor: float) -> str:
    (_, cold_share), (_, hot_share) = known[0], known[-1]
    told = ", ".join(f"{share:.0%} at {temperature:g}" for temperature, share in known)
    change = (
        "the higher the temperature, the more characters are drawn that the network thinks unlikely"
        if hot_share < cold_share
        else "here the temperature makes no difference"
    )
    return f"Known words by temperature: {told} (real text: {floor:.0%}): {change}."


def _copies_story(state: TextMaker, copied: Metric) -> str:
    told = (
        f"{copied.value:.0%} of the written stretches of 20 characters stand word for word in the study notes; of real "
        f"held-out text {copied.floor:.0%} do."
    )
    if state.notes.name != "notes":
        return f"{told} But the notes are not there, so that this was looked up in the bundled story and says nothing."
    if state.notes_changed:
        return (
            f"{told} The notes have changed since the weights were made, so this was looked up in the notes of today; "
            f"`{state.checkpoint.about['command']}` learns them."
        )
    return told
