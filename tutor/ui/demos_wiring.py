"""What each click in the tab of the demos leads to."""

# No `from __future__ import annotations` here: gradio reads the annotations of its listeners.

from collections.abc import Iterator
from typing import Any

from tutor.ui.demos_layout import most_knobs
from tutor.ui.demos_tab import COMPARED, DEMO, KEPT, RUN
from tutor.ui.tabbing import TELLING, On, relist


def wire_demos(parts: dict[str, Any], on: On) -> None:
    """The listeners of the tab."""
    import gradio as gr

    demos = parts["demos"]
    knobs = [parts[f"{kind}_{n}"] for kind in ("slider", "choice") for n in range(most_knobs(demos))]
    demo, run = [parts[name] for name in DEMO], [parts[name] for name in RUN]
    kept = [parts[name] for name in KEPT]

    def opening(name: str) -> Any:
        def opened(mine: Any, request: gr.Request) -> list[Any]:
            shown: list[Any] = mine.demos.opened(name, str(request.session_hash))
            return shown

        return opened

    def closed(mine: Any, request: gr.Request) -> list[Any]:
        shown: list[Any] = mine.demos.closed(str(request.session_hash))
        return shown

    def ran(
        mine: Any, request: gr.Request, name: str, preset: str, seed: float, place: int | None, *given: Any
    ) -> Iterator[list[Any]]:
        yield from mine.demos.run(str(request.session_hash), name, preset, seed, place, given)

    def stopped(mine: Any, request: gr.Request) -> list[Any]:
        shown: list[Any] = mine.demos.stopping(mine.demos.left(str(request.session_hash)))
        return shown

    for each in demos:
        on(parts[f"card_{each['name']}"].click, opening(str(each["name"])), None, [*demo, *knobs, *run])
    on(parts["demo_back"].click, closed, None, demo)
    on(
        parts["demo_preset"].input,
        lambda mine, name, preset: mine.demos.set_to(name, preset),
        [parts["demo_name"], parts["demo_preset"]],
        knobs,
    )
    running = on(
        parts["demo_run"].click,
        ran,
        [*(parts[f"demo_{name}"] for name in ("name", "preset", "seed", "predict")), *knobs],
        run,
        # A second press on Run is answered: on the page of another demo it is no double click.
        trigger_mode="multiple",
        **TELLING,
    )
    relist(running, parts, on)
    on(running.then, lambda mine, *chosen: mine.demos.kept(*chosen), kept, kept)
    on(parts["demo_stop"].click, stopped, None, run[:3])
    _wire_kept(parts, on, [*demo, *knobs, *run])


def _wire_kept(parts: dict[str, Any], on: On, page: list[Any]) -> None:
    """The listeners of the runs that are kept; `page` is what shows a demo with a run."""
    import gradio as gr

    kept = [parts[name] for name in KEPT]

    def looked(mine: Any, name: str | None, request: gr.Request) -> list[Any]:
        shown: list[Any] = mine.demos.look(name, str(request.session_hash))
        return shown

    on(parts["demos_tab"].select, lambda mine, *chosen: mine.demos.kept(*chosen), kept, kept)
    on(
        parts["kept_run"].input,
        looked,
        parts["kept_run"],
        page,
    )
    on(
        parts["compare"].click,
        lambda mine, one, two: mine.demos.compare(one, two),
        kept[1:],
        [parts[name] for name in COMPARED],
    )
