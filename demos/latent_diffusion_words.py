"""What is said about a run of latent diffusion: the caption of each frame, the verdict and what to notice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demos.steps import Metric, Pace, out_of_time

UNDER_WAY = {
    "vae": "the VAE learns its face space",
    "latent": "the latent flow learns where faces lie in that space",
    "pixel": "the pixel flow learns the same from pixels, with as many multiplications to spend",
}


@dataclass(frozen=True)
class LatentStory:
    """The facts of a finished run that are told: figures, million multiplications and measured milliseconds for one
    face of each kind (prior, latent, pixel), and the updates of each training."""

    metrics: Mapping[str, Metric]
    costs: Mapping[str, float]
    times_ms: Mapping[str, float]
    updates: Mapping[str, int]
    guidance: float
    nfe: int
    pace: Pace
    budget_s: float


def caption(pace: Pace, part: str, figures: Mapping[str, float]) -> str:
    """One sentence on the present: what learns, and its loss."""
    if pace.step == 0:
        return "Before training: the decoder makes a blur of everything."
    told = f"Step {pace.step} of {pace.total_steps}: {UNDER_WAY[part]}"
    return f"{told}; its loss is {figures[f'{part}_loss']:.2f}." if f"{part}_loss" in figures else f"{told}."


def verdict(story: LatentStory) -> tuple[str, tuple[str, ...]]:
    """One sentence on how it went, and the notes that explain it, most fitting first."""
    fd, recall = story.metrics["fd_faces64"], story.metrics["recall"]
    prior = story.metrics["prior_fd_faces64"].value
    times = fd.value / max(fd.floor, 1e-9)
    word = "Learned" if recall.value >= 0.5 and fd.value < prior else "Partly learned"
    word = "Not learned" if recall.value < 0.05 else word
    told = (
        f"{word}: faces of the latent flow are at {times:.1f} times the distance between two sets of real "
        f"faces (recall {recall.value:.2f}, real {recall.floor:.2f}); the VAE's prior is at "
        f"{prior / max(fd.floor, 1e-9):.1f} times"
    )
    if "pixel_fd_faces64" in story.metrics:
        pixel = story.metrics["pixel_fd_faces64"].value / max(fd.floor, 1e-9)
        told += f", a pixel flow at {pixel:.1f} times"
    notes = (
        "latent-diffusion-and-stable-diffusion",
        "latent-space",
        "flow-matching",
        "classifier-free-guidance",
    )
    return f"{told}.", notes


def observations(story: LatentStory) -> tuple[str, ...]:
    """What to notice about this run, in full sentences with its numbers."""
    told = [
        *out_of_time(story.pace, story.budget_s),
        _prior_story(story),
        *_pixel_story(story),
        _cost_story(story),
        _wish_story(story),
    ]
    return (*told, _copy_story(story))


def _prior_story(story: LatentStory) -> str:
    fd, prior, recall = (story.metrics[name] for name in ("fd_faces64", "prior_fd_faces64", "prior_recall"))
    change = "better" if fd.value < prior.value else "worse"
    return (
        "Both use one decoder, and only where z comes from differs: from the prior FD-faces64 is "
        f"{prior.value:.2f} and recall {recall.value:.2f}, from the latent flow {fd.value:.2f} and "
        f"{story.metrics['recall'].value:.2f}, which is {change} (n = {fd.n}; real faces: {fd.floor:.2f}; "
        f"a Gaussian over eigenfaces: {fd.baseline:.2f})."
    )


def _pixel_story(story: LatentStory) -> list[str]:
    if "pixel_fd_faces64" not in story.metrics:
        return []
    fd, recall = story.metrics["pixel_fd_faces64"], story.metrics["pixel_recall"]
    ahead = "ahead" if story.metrics["fd_faces64"].value < fd.value else "behind"
    return [
        f"For the multiplications of {story.updates['vae']} updates of the VAE and "
        f"{story.updates['latent']} of the latent flow the pixel flow got {story.updates['pixel']} "
        f"updates, and reached FD-faces64 {fd.value:.2f} with recall {recall.value:.2f}: the latent path "
        f"is {ahead}."
    ]


def _cost_story(story: LatentStory) -> str:
    latent = story.costs["latent"]
    told = f"One latent face costs {latent:.1f} million multiplications at {story.nfe} evaluations, decoding included"
    if "pixel" in story.costs:
        pixel = story.costs["pixel"]
        told += f"; one pixel face {pixel:.0f} million, {pixel / latent:.1f} times as many"
    if story.times_ms["latent"] > 0:
        told += f". Measured here: {story.times_ms['latent']:.2f} ms a face in the latent space"
        if story.times_ms.get("pixel", 0) > 0:
            told += f", {story.times_ms['pixel']:.2f} ms in pixels"
    return f"{told}."


def _wish_story(story: LatentStory) -> str:
    errors = {name: story.metrics[f"{name}_error"] for name in ("hair", "smile", "age", "glasses")}
    told = ", ".join(
        f"{name} {error.value:.2f} (real faces {error.floor:.2f})" for name, error in errors.items()
    )
    push = "without guidance" if story.guidance == 1 else f"with guidance w = {story.guidance:g}"
    return f"Asked for attributes from 0 to 1, {push}, the faces miss them by: {told}."


def _copy_story(story: LatentStory) -> str:
    ratio = story.metrics["memorisation"].value
    sense = (
        "copies of training faces would be near 0"
        if ratio > 0.7
        else "this is close to copying training faces"
    )
    return (
        f"A generated face is {ratio:.2f} times as far from the nearest training face as a fresh real one "
        f"is: {sense}, 1 is what new real faces give."
    )
