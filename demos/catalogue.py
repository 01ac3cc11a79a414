"""What can be run. To add a demo, write a module with its `run` and a module with its `draw`, and add one `Demo` to
the `DEMOS` of a catalogue.
"""

from __future__ import annotations

from demos import (
    catalogue_classics,
    catalogue_digits,
    catalogue_faces,
    catalogue_fine_tuning,
    catalogue_image_gans,
    catalogue_language,
    catalogue_points,
    catalogue_pretrained,
)
from demos.knobs import Demo, DemoArgumentError

DEMOS: tuple[Demo, ...] = (
    *catalogue_points.DEMOS,
    *catalogue_classics.DEMOS,
    *catalogue_digits.DEMOS,
    *catalogue_image_gans.DEMOS,
    *catalogue_faces.DEMOS,
    *catalogue_language.DEMOS,
    *catalogue_fine_tuning.DEMOS,
    *catalogue_pretrained.DEMOS,
)


def find_demo(name: str) -> Demo:
    """The demo of that name; DemoArgumentError names the known ones if there is none."""
    for demo in DEMOS:
        if demo.name == name:
            return demo
    raise DemoArgumentError(
        f"There is no demo {name!r}", f"The demos are {', '.join(demo.name for demo in DEMOS)}."
    )
