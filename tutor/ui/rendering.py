"""A turn's events -> chat messages, as plain data; the same for a running turn and one from the record.

A message is `{"role", "content"}`, with `metadata` where it is an accordion, `options` for buttons.
`content` is text (HTML of our own making, code fences aside) or `{"path", "alt_text"}` for a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from tutor.evidence import record_of
from tutor.quiz.items import LETTERS
from tutor.ui.citations import citation_html, place_of, sources_html
from tutor.ui.evidence import evidence_fold, evidence_html
from tutor.ui.lessons import lesson_html, prediction_html, table_html
from tutor.ui.markup import bounded_html, inline_html, label, passage_html
from tutor.ui.offers import offers
from tutor.ui.quizzes import grade_html, item_buttons, item_html, score_html, why_html

Message = dict[str, Any]
Data = Mapping[str, Any]

MOST_CHARS = 4_000
MAX_TEXT_BYTES = 20_000
ANSWER_BYTES = 11_000
_WORDS = {"n": "questions", "seed": "random seed", "d lr": "discriminator's learning rate",
          "g lr": "generator's learning rate"}  # fmt: skip


def user_message(text: str) -> Message:
    """What the student wrote, math set, everything else as typed; what is too long is cut and says so."""
    kept = text[:MOST_CHARS]
    while len((said := passage_html(kept)).encode()) > MAX_TEXT_BYTES - 200:
        kept = kept[: len(kept) * 9 // 10]
    more = "" if len(kept) == len(text) else "<br><small>… the rest is not shown here.</small>"
    return _text(f'<div class="turn said">{said}{more}</div>', role="user")


def note_message(text: str) -> Message:
    """A line from the program itself."""
    kept = text if len(text) <= MOST_CHARS else text[:MOST_CHARS] + " … the rest is not shown here."
    return _text(f'<div class="turn notice">{inline_html(kept)}</div>')


def turn_messages(
    events: Iterable[Data], *, finished: bool, picture: Callable[[str], str | None] = lambda path: path
) -> list[Message]:
    """The messages that show one turn.

    Args:
        events: what `event_to_json` gives, in order, also read back from JSON. Unknown kinds are left out.
        finished: whether the turn is over; until then the last tool call is shown at work.
        picture: path of a picture -> the path from which the page may serve it, None when it is gone.
    """
    told = _Told(picture)
    for event in events:
        told.add(event)
    return told.messages(finished)


class _Told:
    """The messages of a turn so far; each event appends to them or replaces one."""

    def __init__(self, picture: Callable[[str], str | None]) -> None:
        self._picture = picture
        self._parts: list[list[Message]] = []
        self._options: list[Message] = []
        self._draft: tuple[int, str] | None = None
        self._frame: int | None = None
        self._working: int | None = None
        self._called = ""  # how the call reads that is being worked on, while something else stands there

    def add(self, event: Data) -> None:
        show = getattr(self, f"_on_{str(event.get('event', '')).lower()}", None)
        if show is not None:
            show(event)

    def messages(self, finished: bool) -> list[Message]:
        if self._working is not None:
            status = "done" if finished else "pending"
            self._parts[self._working][0]["metadata"]["status"] = status
        messages = [message for part in self._parts for message in part]
        if messages and self._options:
            messages[-1] = {**messages[-1], "options": self._options}
        return messages

    def _append(self, *messages: Message) -> int:
        self._options = []
        self._draft = None
        self._parts.append(list(messages))
        return len(self._parts) - 1

    def _end_work(self) -> None:
        if self._working is not None:
            self._parts[self._working][0]["metadata"]["status"] = "done"
            if self._called:
                self._parts[self._working][0]["content"] = self._called
            self._working, self._called = None, ""

    def _on_delta(self, event: Data) -> None:
        if not event.get("text"):
            return
        begun = self._draft
        place = begun[0] if begun else self._append()
        text = (begun[1] if begun else "") + str(event.get("text", ""))
        self._draft = (place, text)
        self._parts[place] = [_text(_turn("answer", bounded_html(text, ANSWER_BYTES)))]

    def _on_answer(self, event: Data) -> None:
        place = self._draft[0] if self._draft else self._append()
        record = record_of(event.get("evidence"))
        fold = [_text(_turn("evidence", evidence_fold(record)))] if record is not None else []
        self._parts[place] = [_text(answer_html(event)), *fold]
        self._draft = None
        self._options = [_option(name, says) for name, says in offers(event)]
        if event.get("refused"):
            self._options = [
                _option(topic, f"What do my notes say about {topic}?") for topic in event.get("nearest") or ()
            ]

    def _on_toolcall(self, event: Data) -> None:
        self._end_work()
        rows = _rows(_arguments(event.get("arguments") or {}))
        message = _text(f'<div class="turn tool">{rows or _spoken(event.get("name", ""))}</div>')
        message["metadata"] = {
            "title": label(str(event.get("title") or event.get("name") or "Tool")),
            "status": "pending",
        }
        self._working = self._append(message)

    def _on_demoprogress(self, event: Data) -> None:
        caption = str(event.get("caption", ""))
        step, steps = int(event.get("step", 0)), int(event.get("total_steps", 0))
        line = f"step {step} of {steps} · {_left(event.get('left_s', 0))}"
        bar = (
            f'<progress value="{min(step, steps)}" max="{steps}" title="{line}"></progress>'
            if steps > 0
            else ""
        )
        html = f'<div class="turn frame">{inline_html(caption)}{bar}<small>{line}</small></div>'
        shown = [*self._pictures([str(event.get("path", ""))], caption), _text(html)]
        if self._frame is None:
            self._frame = self._append(*shown)
        self._parts[self._frame] = shown

    def _on_demooutcome(self, event: Data) -> None:
        result: Data = event.get("result") or {}
        images = [str(path) for path in result.get("images") or () if str(path).endswith(".png")]
        pictures = self._pictures(images[:1], str(result.get("verdict") or "the last picture of the demo"))
        if not images and self._frame is not None:
            pictures = self._parts[self._frame][:-1]
        if self._frame is not None:
            self._parts[self._frame] = []
            self._frame = None
        self._end_work()
        self._append(*pictures, _text(outcome_html(result, bool(event.get("stopped")))))

    def _on_predictionasked(self, event: Data) -> None:
        self._append(_text(prediction_html(event)))
        options = [str(text) for text in event.get("options") or ()][: len(LETTERS)]
        self._options = [
            *(_option(text, f"{LETTERS[place]}. {text}") for place, text in enumerate(options)),
            _option("Just run it", "Just run it"),
        ]

    def _on_runlesson(self, event: Data) -> None:
        if event.get("compared") or event.get("questions") or event.get("notes"):
            self._append(_text(lesson_html(event)))
        names = ("Why?", "Why 2?")[: len(event.get("questions") or ())]
        self._options = [_option(name, name) for name in names]

    def _on_tableshown(self, event: Data) -> None:
        self._end_work()
        self._append(_text(table_html(event)))

    def _on_quizmaking(self, event: Data) -> None:
        if self._working is not None:
            (message,) = self._parts[self._working]
            self._called = self._called or message["content"]
            said = escape(str(event.get("text", ""))[:200])
            self._parts[self._working] = [
                {**message, "content": f'<div class="turn tool"><p>{said}</p></div>'}
            ]

    def _on_quizitem(self, event: Data) -> None:
        self._end_work()
        self._append(_text(item_html(event)))
        self._options = [_option(name, says) for name, says in item_buttons(event)]

    def _on_quizgrade(self, event: Data) -> None:
        self._append(_text(grade_html(event, _cites(event))))

    def _on_quizwhy(self, event: Data) -> None:
        self._append(_text(why_html(event, _cites(event))))

    def _on_quizscore(self, event: Data) -> None:
        self._end_work()
        self._append(_text(score_html(event)))
        revisit = [str(name) for name in event.get("revisit") or ()]
        again = [_option("Retry the misses", "Retry the misses")] if event.get("missed") else []
        self._options = [*(_option(name, f"Explain {name}") for name in revisit[:4]), *again]

    def _on_drawing(self, event: Data) -> None:
        # The program's own map alone is drawn as a diagram; its labels are escaped where it is made.
        self._append(_text(f"```mermaid\n{event['mermaid']}\n```"), note_message(str(event["caption"])))

    def _on_evidenceshown(self, event: Data) -> None:
        record = record_of(event.get("evidence"))
        if record is not None:
            shown = evidence_html(record, str(event.get("question", "")))
            self._append(_text(_turn("evidence", shown)))

    def _on_notice(self, event: Data) -> None:
        self._append(note_message(str(event.get("text", ""))))

    def _pictures(self, paths: Sequence[str], caption: str) -> list[Message]:
        shown: list[Message] = []
        for path in paths:
            kept = self._picture(path) if path else None
            if kept is None:
                shown.append(
                    note_message("This picture is no longer on the disk; run the demo again to see it.")
                )
            else:
                shown.append({"role": "assistant", "content": {"path": kept, "alt_text": caption[:300]}})
        return shown


def answer_html(event: Data) -> str:
    """A finished answer: text with citation marks, a chip for each note with its quotes, a line on its support."""
    citations: list[Data] = list(event.get("citations") or ())
    cites = {int(cited["n"]): place_of(cited) for cited in citations}
    sentences: list[Data] = list(event.get("sentences") or ())
    doubted = [str(s.get("text", "")) for s in sentences if s.get("support") == "unsupported"]
    text = bounded_html(str(event.get("answer", "")), ANSWER_BYTES, cites, doubted)
    parts = [_turn("answer", text)]
    if citations:
        room = MAX_TEXT_BYTES - len(text.encode()) - 1000
        parts.append(f'<div class="cites">{sources_html(citations, room)}</div>')
    return "\n\n".join([*parts, f'<div class="support">{escape(support_line(event))}</div>'])


def support_line(event: Data) -> str:
    """How the answer's sentences are supported, the reading grade for "like I'm 5", model and time."""
    kinds = [str(s.get("support")) for s in event.get("sentences") or () if s.get("support") != "connective"]
    parts: list[str] = []
    if kinds and not event.get("refused"):
        parts.append(_support(kinds.count("quoted"), kinds.count("supported"), kinds.count("unsupported")))
        if event.get("style") == "eli5":
            parts.append(f"reading grade {float(event.get('fkgl', 0)):.1f}")
    parts.append(str(event.get("model", "")))
    total = (event.get("timings") or {}).get("total_ms")
    if total is not None:
        parts.append(f"{float(total) / 1000:.1f} s")
    return " · ".join(part for part in parts if part)


def _support(quoted: int, reworded: int, unsupported: int) -> str:
    n = quoted + reworded + unsupported
    if quoted == n:
        return "every sentence quoted from your notes"
    said = f"{quoted} of {n} sentences quoted" if n > 1 else f"{quoted} of 1 sentence quoted"
    if reworded:
        said += f", {reworded} reworded and checked"
    return said + (f", {unsupported} not found in your notes" if unsupported else "")


def outcome_html(result: Data, stopped: bool) -> str:
    """How a demo ended: verdict, figures, what to notice."""
    parts: list[str] = []
    if stopped:
        parts.append("<p><strong>Stopped.</strong></p>")
    if result.get("verdict"):
        parts.append(f"<p><strong>{inline_html(str(result['verdict'])[:1000])}</strong></p>")
    rows = _metric_rows(result.get("metrics") or {})
    if rows:
        parts.append(rows)
    seen = [
        f"<li>{inline_html(str(text)[:500])}</li>" for text in list(result.get("observations") or ())[:12]
    ]
    if seen:
        parts.append(f'<p class="count">What to notice</p><ul>{"".join(seen)}</ul>')
    seconds, device = result.get("seconds"), result.get("device")
    about = [f"{float(seconds):.1f} s" if seconds is not None else "", f"on {device}" if device else ""]
    about.append(f"seed {result['seed']}" if result.get("seed") is not None else "")
    line = escape(" · ".join(part for part in about if part))
    parts.append(f"<p><small>{line}</small></p>" if line else "")
    return f'<div class="turn outcome">{"".join(parts)}</div>'


def _metric_rows(metrics: Data) -> str:
    """Figures as a table; a figure may come with its floor, its baseline and what it means."""
    figures = {
        name: value if isinstance(value, Mapping) else {"value": value} for name, value in metrics.items()
    }
    if not figures:
        return ""
    rich = any("floor" in value or "baseline" in value for value in figures.values())
    head = (
        "<tr><th>figure</th><th>value</th>"
        + ("<th>real data</th><th>baseline</th>" if rich else "")
        + "</tr>"
    )
    rows = ""
    for name, value in list(figures.items())[:20]:
        more = "".join(f"<td>{_figure(value.get(key))}</td>" for key in ("floor", "baseline")) if rich else ""
        meaning = (
            f"<br><small>{inline_html(str(value['meaning'])[:300])}</small>" if value.get("meaning") else ""
        )
        what = escape(str(name).replace("_", " ")) + meaning
        rows += f"<tr><td>{what}</td><td>{_figure(value.get('value'))}</td>{more}</tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _arguments(arguments: Data) -> Iterator[tuple[str, str]]:
    """Name and value of each argument, those inside a group of arguments too; empty ones are left out."""
    for name, value in arguments.items():
        if isinstance(value, Mapping):
            yield from _arguments(value)
        elif isinstance(value, (list, tuple)) and value:
            yield str(name), ", ".join(_figure(part) for part in value)
        elif value is not None and value not in ("", "{}", [], ()):
            yield str(name), _figure(value)


def _rows(pairs: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<li>{_spoken(name)}: {value}</li>" for name, value in pairs)
    return f"<ul>{rows}</ul>" if rows else ""


def _spoken(name: Any) -> str:
    """The name of a tool or an argument in words."""
    words = str(name).replace("_", " ")
    return escape(_WORDS.get(words, words))


def _figure(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return escape(str(value)[:200])
    return escape(f"{value:.4g}" if isinstance(value, float) else str(value))


def _left(seconds: Any) -> str:
    left = max(0, round(float(seconds or 0)))
    return f"{left // 60} min {left % 60} s left" if left >= 60 else f"{left} s left"


def _cites(event: Data) -> str:
    return citation_html(event["citation"]) if event.get("citation") else ""


def _option(name: str, says: str) -> Message:
    return {"label": name, "value": says}


def _turn(kind: str, html: str) -> str:
    """Blocks of a message under a sign by which the page's style and script know them."""
    return f'<div class="turn {kind}"></div>\n\n{html}'


def _text(html: str, role: str = "assistant") -> Message:
    return {"role": role, "content": html}
