"""The page's small script: what gradio's components do not do by themselves. It talks to this server alone."""

from __future__ import annotations

SCRIPT = r"""<script>
(() => {
  const SIGNS = {"\ue000": "\\(", "\ue001": "\\)", "\ue002": "\\[", "\ue003": "\\]"};

  // Who is not logged in any more, because the password is another since, is asked to log in again.
  const fetched = window.fetch;
  window.fetch = async (...asked) => {
    const answer = await fetched(...asked);
    if (answer.status === 401 && document.querySelector("#box")) location.reload();
    return answer;
  };

  const number = node => [...node.classList].find(name => /^c\d+$/.test(name));

  // A message is copied as text: the answer, its citation numbers and where each quote stands;
  // what was looked at besides stays folded on the page.
  function words(source) {
    const page = new DOMParser().parseFromString(source, "text/html");
    page.querySelectorAll(".cites").forEach(list => list.prepend(...[...list.querySelectorAll("details.citation")]
      .sort((one, other) => number(one).slice(1) - number(other).slice(1))));
    page.querySelectorAll(".where, .passage, .source, .more, details.evidence").forEach(node => node.remove());
    page.querySelectorAll("br, p, div, li, tr, summary, pre, h1, h2, h3, h4")
      .forEach(node => node.after("\n"));
    page.querySelectorAll("td, th").forEach(node => node.after("\t"));
    return page.body.textContent.replace(/[\ue000-\ue003]/g, sign => SIGNS[sign]);
  }
  function plain(source) {
    const parts = source.split(/(^`{3,}[^\n]*\n[\s\S]*?\n`{3,}$)/m);
    return parts.map((part, place) => place % 2 ? part : words(part)).join("\n")
      .replace(/[ \t]+\n/g, "\n").replace(/\n{3,}/g, "\n\n").trim();
  }
  function old(text) {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    return Promise.resolve();
  }
  const board = navigator.clipboard;
  const write = board ? board.writeText.bind(board) : old;
  const ours = text => write(text.includes('class="turn ') ? plain(text) : text);
  if (board) board.writeText = ours;
  else Object.defineProperty(navigator, "clipboard", {value: {writeText: ours}});

  // A citation opens its note at the quote, in a dialog: at once with the passage that was quoted, then with the note.
  let reader = null, wanted = Date.now();
  function makeReader() {
    const source = document.querySelector("#note-text");
    if (reader || !source) return;
    reader = document.createElement("dialog");
    reader.id = "reader";
    reader.setAttribute("aria-labelledby", "reader-title");
    reader.innerHTML = '<header><h2 id="reader-title"></h2><div><a hidden>Open in Notes</a>'
      + '<button type="button">Close</button></div></header>'
      + '<div class="body" tabindex="0"><div class="quoted"></div></div>';
    reader.querySelector(".body").append(source);
    reader.querySelector("button").onclick = () => reader.close();
    reader.addEventListener("click", event => { if (event.target === reader) reader.close(); });
    document.querySelector(".gradio-container").append(reader);
  }
  function tell(field, text) {
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set.call(field, text);
    field.dispatchEvent(new Event("input", {bubbles: true}));
  }
  function read(chip) {
    const key = [...chip.classList].find(name => name.startsWith("at-"));
    if (!key) return false;
    makeReader();
    reader.querySelector("h2").textContent = chip.querySelector("summary").textContent;
    reader.querySelector(".quoted").replaceChildren(
      ...[...chip.querySelectorAll(".where, .passage")].map(node => node.cloneNode(true)));
    reader.classList.add("waiting");
    reader.querySelector("header a").hidden = true;
    if (!reader.open) reader.showModal();
    reader.querySelector(".body").focus();
    tell(document.querySelector("#wanted :is(textarea, input)"), `${++wanted} ${key.slice(3)}`);
    return true;
  }
  function arrived() {
    if (!reader || !reader.classList.contains("waiting") || !reader.querySelector(`.asked.n${wanted}`)) return;
    const found = reader.querySelector("#note-text mark");
    reader.classList.remove("waiting");
    reader.classList.toggle("stale", !found);
    if (found) found.scrollIntoView({block: "center"});
    const place = reader.querySelector("#note-text .elsewhere a"), link = reader.querySelector("header a");
    link.hidden = !place;
    if (place) link.setAttribute("href", place.getAttribute("href"));
  }
  function chipOf(at) {
    let chip = at.closest("details.citation");
    for (let node = at.parentElement; !chip && node; node = node.parentElement)
      chip = node.querySelector("details.citation." + number(at));
    return chip;
  }
  document.addEventListener("click", event => {
    const at = event.target.closest && event.target.closest("#chat :is(sup.cite, details.citation summary)");
    if (!at) return;
    const chip = chipOf(at);
    hide();
    if (chip && read(chip)) event.preventDefault();
  });
  document.addEventListener("keydown", event => {
    if (!event.target.matches || !event.target.matches("#chat sup.cite") || !/^( |Enter)$/.test(event.key)) return;
    event.preventDefault();
    event.target.click();
  });

  // What a mark quotes is shown beside it while the pointer or the keyboard is there; Escape puts it away.
  const MARKS = "#chat :is(sup.cite, .source summary)";
  let card = null, marked = null, peeking = 0;
  function soon(what, after) {
    clearTimeout(peeking);
    peeking = setTimeout(what, after);
  }
  function hide() {
    clearTimeout(peeking);
    if (!card) return;
    card.remove();
    marked.removeAttribute("aria-describedby");
    if (marked.dataset.place) marked.title = marked.dataset.place;
    card = marked = null;
  }
  function peek(mark) {
    const chip = mark.isConnected && chipOf(mark), quotes = chip ? [...chip.querySelectorAll("mark")] : [];
    if (mark === marked) return;
    hide();
    if (!quotes.length) return;
    marked = mark;
    card = document.createElement("div");
    card.id = "peek";
    card.setAttribute("role", "tooltip");
    const place = document.createElement("small"), said = document.createElement("p");
    place.textContent = chip.querySelector("summary").textContent;
    said.append(...quotes.flatMap(quote => [...quote.cloneNode(true).childNodes]));
    card.append(place, said);
    document.querySelector(".gradio-container").append(card);
    if (mark.title) mark.dataset.place = mark.title;
    mark.removeAttribute("title");
    mark.setAttribute("aria-describedby", "peek");
    const at = mark.getBoundingClientRect(), below = at.bottom + card.offsetHeight + 12 < innerHeight;
    card.style.left = `${Math.max(8, Math.min(at.left, innerWidth - card.offsetWidth - 8))}px`;
    card.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - card.offsetHeight - 4)}px`;
  }
  document.addEventListener("pointerover", event => {
    const mark = event.target.closest && event.target.closest(MARKS);
    if (event.pointerType === "touch") return;
    if (mark) soon(() => peek(mark), 250);
    else if (card && card.contains(event.target)) clearTimeout(peeking);
    else soon(hide, 200);
  });
  document.addEventListener("focusin", event => {
    const mark = event.target.matches && event.target.matches(MARKS) && event.target;
    if (mark && mark.matches(":focus-visible")) peek(mark);
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", event => { if (card && !card.contains(event.target)) hide(); }, true);
  document.addEventListener("keydown", event => { if (event.key === "Escape") hide(); });

  // The newest message stays in sight while it grows, from its question on and no farther, unless the reader has
  // scrolled up or opened a quote; who has scrolled to its end stays there.
  // A scroll is the reader's where a hand was at it just before: the log also moves when something above is taken away.
  let pinned = true, farther = false, watched = null, said = 0, put = -1, byHand = 0;
  for (const what of ["wheel", "touchmove", "pointerdown", "keydown"])
    document.addEventListener(what, event => {
      const at = event.target;
      if (at === document.body || (at.closest && at.closest("#chat"))) byHand = Date.now();
    }, {capture: true, passive: true});
  function lowest(log) {
    const asked = [...log.querySelectorAll(".user-row")].pop();
    const end = log.scrollHeight - log.clientHeight;
    if (!asked || farther) return end;
    return Math.min(end, log.scrollTop + asked.getBoundingClientRect().top - log.getBoundingClientRect().top - 8);
  }
  const atEnd = log => log.scrollHeight - log.scrollTop - log.clientHeight < 120;
  const grown = new ResizeObserver(() => {
    const log = watched && watched.parentElement;
    if (!log || !pinned) return;
    log.scrollTop = lowest(log);
    put = log.scrollTop;
  });
  function watch() {
    const wrap = document.querySelector("#chat .panel-wrap > .message-wrap");
    const asked = wrap ? wrap.querySelectorAll(".user-row").length : 0;
    if (asked !== said) farther = false;
    if (asked > said) pinned = true;
    said = asked;
    if (!wrap || wrap === watched) return;
    grown.disconnect();
    watched = wrap;
    [pinned, farther] = [true, false];
    grown.observe(wrap);
    wrap.parentElement.onscroll = event => {
      const log = event.target;
      if (Math.abs(log.scrollTop - put) < 2 || Date.now() - byHand > 2000) return;
      byHand = Date.now();
      farther = farther || log.scrollTop > lowest(log) + 8;
      pinned = atEnd(log) || Math.abs(log.scrollTop - lowest(log)) < 8;
    };
    const reads = event => event.target.closest("summary, sup.cite");
    wrap.addEventListener("click", event => { if (reads(event)) pinned = false; }, true);
  }

  // On a narrow screen the side covers the conversation: it starts closed, and closes after a choice.
  const narrow = () => window.innerWidth < 768;
  function fold() {
    const knob = document.querySelector("#side.open .toggle-button");
    if (knob) knob.click();
    return Boolean(knob);
  }
  let seen = false;
  const folding = setInterval(() => {
    const open = document.querySelector("#side.open");
    if (!narrow() || (seen && !open)) clearInterval(folding);
    else if (open) seen = fold();
  }, 150);
  document.addEventListener("click", event => {
    if (narrow() && event.target.closest && event.target.closest("#new, #chats label")) setTimeout(fold, 50);
  });

  // What asks for something takes the focus when it appears.
  let asking = new Set();
  function grab() {
    const now = new Set([...document.querySelectorAll(".grab")].filter(node => node.offsetParent));
    for (const node of now) {
      if (asking.has(node)) continue;
      const field = node.querySelector("input, textarea") || node;
      setTimeout(() => { field.focus(); if (field.select) field.select(); }, 30);
    }
    asking = now;
  }

  // A message that is edited shows its words and not its source; Escape leaves them as they are.
  function edit() {
    document.querySelectorAll("#chat textarea.edit-textarea:not([aria-label])").forEach(field => {
      field.setAttribute("aria-label", "Your message, to be changed");
      field.value = plain(field.value);
      field.dispatchEvent(new Event("input", {bubbles: true}));
      field.focus();
      field.addEventListener("keydown", event => {
        const row = field.closest(".message-row");
        const press = name => row.querySelector(`[aria-label="${name}"]`)?.click();
        if (event.key === "Escape") press("Cancel");
        if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); press("Submit"); }
      });
    });
  }

  // What scrolls by itself is scrolled by the keyboard too, and the button around a picture bears its name.
  const WIDE = ":is(#chat, #reader, .tabitem) :is(pre, table, .katex-display, .map, .passage)";
  let reaching = 0;
  function reach() {
    reaching = 0;
    document.querySelectorAll(WIDE).forEach(node => {
      const scrolls = node.scrollWidth > node.clientWidth + 1;
      if (scrolls) node.setAttribute("tabindex", "0");
      else node.removeAttribute("tabindex");
    });
    document.querySelectorAll(".image-container > button:not([aria-label])").forEach(node => {
      const label = node.closest(".block")?.querySelector('[data-testid="block-label"]');
      node.setAttribute("aria-label", label?.textContent.trim() || "Picture");
    });
  }
  const reachSoon = () => { reaching = reaching || setTimeout(reach, 250); };
  for (const what of ["resize", "click", "toggle"]) window.addEventListener(what, reachSoon, true);

  // What is taken away, a conversation or cards, comes as text and becomes a file here: the server hands out no files.
  const arriving = () => document.querySelector("#file textarea, #file input").value;
  let before = "", until = 0, waiting = 0;
  function keep([, name, text, isPacked]) {
    const data = isPacked ? Uint8Array.from(atob(text), sign => sign.charCodeAt(0)) : text;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([data], {type: isPacked ? "application/octet-stream" : "text/markdown"}));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
  document.addEventListener("click", event => {
    if (!event.target.closest || !event.target.closest("#take, #cards-take")) return;
    until = Date.now() + 300000;  // the cards of many notes take their time
    if (waiting) return;
    before = arriving();
    waiting = setInterval(() => {
      if (Date.now() > until) waiting = clearInterval(waiting) || 0;
      if (arriving() === before) return;
      before = arriving();
      keep(JSON.parse(before));
    }, 100);
  });

  // gradio's list opens again after the key by which it was left, and Enter takes its first entry in place of what was
  // typed: the key to leave is kept from it, and Enter too until an entry was chosen by the arrows.
  let hasChosen = false;
  for (const what of ["input", "focusin"])
    document.addEventListener(what, event => {
      if (event.target.matches("[role=combobox]")) hasChosen = false;
    }, true);
  document.addEventListener("keydown", event => {
    const field = event.target;
    if (!field.matches || !field.matches("[role=combobox]")) return;
    if (/^(Arrow(Up|Down)|Home|End)$/.test(event.key)) hasChosen = true;
    if (event.key === "Tab") event.stopPropagation();
    if (event.key !== "Enter" || hasChosen || event.isComposing || !field.closest("#quiz-topic")) return;
    event.stopPropagation();
    event.preventDefault();
    document.querySelector("#quiz-start")?.focus();
  }, true);

  // What was worked at in the quiz is gone after an answer or "Next": the focus goes to what has come in its place. A
  // field to write in gets it where that calls no keyboard over the screen.
  const touches = matchMedia("(pointer: coarse)").matches;
  let inQuiz = false, stood = "";
  for (const what of ["focusin", "pointerdown"])
    document.addEventListener(what, event => { inQuiz = Boolean(event.target.closest?.("#tab-quiz")); }, true);
  function follow() {
    const view = inSight("#quiz-question") || inSight("#quiz-feedback") || inSight("#quiz-summary");
    const text = view && view.querySelector("#quiz-stem, #quiz-graded, #quiz-ended");
    const now = view ? `${view.id} ${text.textContent}` : "";
    const lost = !document.activeElement || document.activeElement === document.body
      || !document.activeElement.offsetParent || document.activeElement.disabled;
    if (!view || !inQuiz || now === stood || !lost || !text.textContent.trim()) return;
    stood = now;
    const field = !touches && view.id === "quiz-question" && inSight("#quiz-answer textarea");
    text.setAttribute("tabindex", "-1");
    (field || text).focus({preventScroll: true});
    text.scrollIntoView({block: "nearest"});
  }
  let following = 0;
  const followSoon = () => { following = following || setTimeout(() => { following = 0; follow(); }, 80); };

  // On a narrow screen what a run draws lies below its settings: it is brought into sight when it begins.
  let drawing = false;
  document.addEventListener("click", event => { if (event.target.closest?.("#demo-run")) drawing = true; }, true);
  function toPicture() {
    const place = drawing && (inSight("#demo-picture") || inSight("#demo-progress .bad"));
    if (!place) return;
    drawing = false;
    if (place.getBoundingClientRect().bottom > innerHeight)
      document.querySelector("#demo-result").scrollIntoView({block: "start"});
  }

  // The page is found again, after it is loaded anew, at the tab and the conversation that were open.
  const open = () => document.querySelector("#tabs > .tab-wrapper button[role=tab][aria-selected=true]");
  addEventListener("pagehide", () => {
    const talk = document.querySelector("#chats input:checked");
    sessionStorage.setItem("open", JSON.stringify([open()?.textContent.trim() || "", talk ? talk.value : ""]));
  });
  function comeBack() {
    const [tab, talk] = JSON.parse(sessionStorage.getItem("open") || "[]");
    sessionStorage.removeItem("open");
    if (!tab || /^#note=/.test(location.hash)) return;
    let tries = 0;
    const returning = setInterval(() => {
      const chosen = document.querySelector("#chats input:checked");
      if (++tries > 100) clearInterval(returning);
      if (!open() || !document.querySelector("#new:not([disabled])")) return;
      clearInterval(returning);
      const wanted = [...document.querySelectorAll("#chats input")].find(input => input.value === talk);
      if (wanted && wanted !== chosen) wanted.click();
      const there = [...document.querySelectorAll("#tabs > .tab-wrapper button[role=tab]")]
        .find(button => button.textContent.trim() === tab);
      if (there && there !== open()) there.click();
    }, 100);
  }
  if (performance.getEntriesByType("navigation")[0]?.type === "reload") comeBack();

  // Keys: an option by its letter or number and Enter for "Next", where the focus is nowhere or in the quiz; Ctrl+K
  // (on a Mac Cmd+K: there Ctrl+K deletes to the end of a line) looks for a note or in the conversations,
  // Shift+Escape goes to the line to write on.
  const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
  const inSight = selector =>
    [...document.querySelectorAll(selector)].find(node => node.offsetParent && !node.disabled);
  function find() {
    const field = () =>
      inSight("#note-search :is(input, textarea)") || inSight("#side.open #find :is(input, textarea)");
    if (!field()) document.querySelector("#side:not(.open) .toggle-button")?.click();
    setTimeout(() => field()?.select(), 150);
  }
  function toBox() {
    document.querySelector("#tabs > .tab-wrapper button[role=tab]")?.click();
    setTimeout(() => document.querySelector("#box textarea")?.focus(), 30);
  }
  document.addEventListener("keydown", event => {
    const on = event.target.closest ? event.target : document.body;
    const does = action => { event.preventDefault(); action(); };
    if (event.defaultPrevented || event.repeat || event.isComposing || document.querySelector("dialog[open]")) return;
    const withCommand = isMac ? event.metaKey : event.ctrlKey;
    if (withCommand && !event.shiftKey && !event.altKey && /^k$/i.test(event.key)) does(find);
    else if (event.shiftKey && event.key === "Escape") does(toBox);
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (on !== document.body && !on.closest("#quiz-stem, #quiz-sure, #quiz-options, #quiz-feedback")) return;
    if (on.closest("textarea, select, [contenteditable=true], input:not([type=radio], [type=checkbox])")) return;
    const letter = /^[1-9]$/.test(event.key) ? "ABCDEFGHI"[event.key - 1] : (event.key || "").toUpperCase();
    const option = /^[A-J]$/.test(letter) && inSight(`#quiz-option-${letter}`);
    const next = event.key === "Enter" && !on.closest("a, button, summary, sup.cite") && inSight("#quiz-next");
    if (option || next) does(() => (option || next).click());
  });

  // The raw source of a message is no name for it, and buttons are no items of a list.
  new MutationObserver(() => {
    watch();
    grab();
    edit();
    arrived();
    reachSoon();
    followSoon();
    toPicture();
    document.querySelectorAll('#chat .examples[role="list"]').forEach(node => node.setAttribute("role", "group"));
    document.querySelectorAll('#chat :is([data-testid="bot"], [data-testid="user"])[aria-label]').forEach(node => {
      const name = node.dataset.testid === "bot" ? "Tutor" : "You";
      if (node.getAttribute("aria-label") !== name) node.setAttribute("aria-label", name);
      if (!node.hasAttribute("role")) node.setAttribute("role", "group");
    });
  }).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ["aria-label"]});
})();
</script>"""
