"""Style sheet and script of the tabs beside the chat."""

from __future__ import annotations

_BARS = " ".join(f".tabitem .bar > .w{width} {{ width: {width}%; }}" for width in range(0, 101, 5))

TABS_CSS = """
#tabs { flex: 1 1 0; min-height: 0; display: flex; flex-direction: column; gap: 0; }
#tabs > .tab-wrapper { flex: none; padding: 6px 0 0 24px; }
#tabs > .tab-wrapper button { min-height: 44px; font-size: .95rem; color: var(--soft); }
/* What lies around these cuts off what is drawn outside them. */
#tabs > .tab-wrapper button:focus-visible, .tabitem details summary:focus-visible,
.image-container > button:focus-visible { outline-offset: -3px; }
.tabitem .submit-button:focus-visible { outline-offset: -4px; outline-color: #ffffff !important; }
#tabs > .tab-wrapper button.selected { color: var(--ink); font-weight: 600; }
#tabs > .tabitem { flex: 1 1 0; min-height: 0; padding: 8px 0 0; border: 0; background: transparent; }
#tabs > .tabitem > .column { height: 100%; min-height: 0; flex-wrap: nowrap; gap: 8px; }
#tab-chat > .column > .form { flex: none; }
#tab-notes, #tab-quiz, #tab-demos, #tab-progress { overflow-y: auto; }

/* what the tabs share */
.tabitem .prose { color: var(--ink); }
.tabitem .prose p, .tabitem .prose li { line-height: 1.6; }
.tabitem .prose h2 { font-size: 1.35rem; margin: 0 0 .2em; }
.tabitem .prose h3 { font-size: 1.05rem; margin: 1.1em 0 .35em; }
.tabitem .prose h4, .tabitem .prose h5, .tabitem .prose h6 { font-size: .98rem; margin: 1em 0 .3em; }
.tabitem .prose small, .tabitem .legend, .tabitem .quiet { color: var(--soft); font-size: .82rem; }
.tabitem .prose s { color: var(--soft); }
.tabitem .prose a { color: #0f766e; text-underline-offset: 2px; }
.dark .tabitem .prose a { color: #5eead4; }
.tabitem .prose pre { overflow-x: auto; }
.tabitem .prose table { display: block; overflow-x: auto; border: 0; font-size: .92em; }
.tabitem .prose td, .tabitem .prose th { padding: .4em .7em; border-color: var(--line); }
/* A word stays whole: a table that is too wide for that is scrolled, and a shadow lies where it goes on. */
:is(.tabitem, #reader) .prose :is(td, th) { word-break: normal; overflow-wrap: normal; }
:is(.tabitem, #reader) .prose table { --below: var(--under, var(--body-background-fill)); --shade: #78716c73;
  background: linear-gradient(to right, var(--below) 50%, transparent) left / 32px 100% no-repeat local,
    linear-gradient(to left, var(--below) 50%, transparent) right / 32px 100% no-repeat local,
    linear-gradient(to right, var(--shade), transparent) left / 14px 100% no-repeat scroll,
    linear-gradient(to left, var(--shade), transparent) right / 14px 100% no-repeat scroll; }
.tabitem .prose :is(tr, td, th) { background: transparent; }
.tabitem .prose .katex-display { overflow-x: auto; overflow-y: hidden; padding: .2em 0; }
.tabitem .prose mark { background: #fde68a; color: #1c1917; }
.tabitem [data-testid="block-info"] { background: transparent; color: var(--soft); padding: 0; font-size: .82rem;
  font-weight: 600; }
.tabitem [data-testid="block-info"] ~ div, .tabitem .block > .wrap > div:empty { color: var(--soft); }
.tabitem :is(.min_value, .max_value) { color: var(--soft); }
/* The knob of a slider is higher than its bar, and its block cuts off what is below. */
.tabitem .slider_input_container { padding: 6px 0; }
:is(.tabitem, #notes) ::placeholder { color: var(--soft); opacity: 1; }
.tabitem .form { border: 0; background: transparent; box-shadow: none; gap: 10px; }
.tabitem .form .block { background: transparent; padding: 0; border: 0; }
.tabitem :is(.input-container input, .input-container textarea, textarea, .wrap-inner) { background: var(--paper);
  color: var(--ink); border-radius: 8px; }
.tabitem .input-container { gap: 8px; }
.tabitem .input-container :is(input, textarea) { border: 1px solid var(--soft); box-shadow: none; }
/* What lies around a field cuts off what is drawn outside it. */
.tabitem .input-container :is(input, textarea):focus-visible { outline-offset: -3px; }
.tabitem button.secondary { background: var(--paper); color: var(--ink); border: 1px solid var(--line);
  border-radius: 10px; box-shadow: none; }
.tabitem button.secondary:hover { border-color: var(--primary-600); }
.tabitem button.primary { background: var(--primary-700); color: #ffffff; border-radius: 10px; }
.tabitem button.stop { background: #9f1239; color: #ffffff; border-radius: 10px; }

.tabitem .bar { height: 10px; border-radius: 5px; background: var(--line); overflow: hidden; margin: 4px 0;
  display: flex; }
.tabitem .bar > div { height: 100%; background: var(--primary-700); }
.dark .tabitem .bar > div { background: var(--primary-500); }
.tabitem .bar > div.rest { background: var(--primary-300); }
.dark .tabitem .bar > div.rest { background: var(--primary-800); }
BARS

/* the notes */
#notes-row { height: 100%; flex-wrap: nowrap; gap: 0; align-items: stretch; }
#notes-list { flex: 0 0 300px !important; min-width: 0 !important; overflow-y: auto; padding: 4px 14px 24px 4px;
  border-right: 1px solid var(--line); flex-wrap: nowrap; }
#note-pane { overflow-y: auto; padding: 4px 8px 40px 24px; flex-wrap: nowrap; gap: 8px; position: relative; }
#note-pane > * { max-width: var(--column); width: 100%; }
#notes-list > *, #note-pane > * { flex: none; }
#note-found ul { list-style: none; padding: 0 5px; margin: 0; }
#note-found li { margin: 0 0 .55em; padding: 0; line-height: 1.4; font-size: .92rem; overflow-wrap: anywhere; }
#note-found li small { display: block; }
#note-found li span { display: block; font-size: .85rem; }
#note-found h3 { font-size: .8rem; color: var(--soft); margin: 1.1em 0 .5em; text-transform: capitalize; }
#note-found summary { cursor: pointer; padding: .6em 0; font-size: .9rem; color: var(--soft); }
#note-found a { text-decoration: none; }
#note-found a:hover, #note-map a:hover { text-decoration: underline; }
#note-head h2:focus { outline: 0 !important; }
#note-head p { color: var(--soft); font-size: .85rem; overflow-wrap: anywhere; }
#note-tools { flex-wrap: wrap; }
#note-tools button[aria-disabled="true"] { opacity: .55; }
#note-tools button { flex: none; width: auto; min-height: 40px; padding: 6px 14px; }
#note { overflow: visible !important; }
#note .piece { padding: 2px 10px; margin: 0 -10px 0 -13px; border-left: 3px solid transparent; }
#note .piece.here { background: #fef3c7; border-left-color: #b45309; }
.dark #note .piece.here { background: #3b2a0a; border-left-color: #fbbf24; }
#note .piece.analogy { background: #e6f4f1; border-radius: 8px; padding: 8px 14px; margin: 6px 0; border-left: 0; }
.dark #note .piece.analogy { background: #12302d; }
#note .piece.said { border-left-color: var(--line); }
#note .speaker { color: var(--soft); font-size: .82rem; margin: 0 0 .2em; }
#note details { border: 1px solid var(--line); border-radius: 10px; background: var(--paper); margin: 6px 0; }
#note details summary { cursor: pointer; padding: .55em .9em; }
#note details[open] summary { border-bottom: 1px solid var(--line); }
#note details > :not(summary) { margin-left: .9em; margin-right: .9em; }
#note h3, #note h4, #note h5, #note h6 { display: flex; gap: 12px; align-items: baseline;
  justify-content: space-between; }
#note a.ask { font-size: .8rem; font-weight: 400; white-space: nowrap; }
#note p.ask { text-align: right; margin: 0; }
#note-map { border-top: 1px solid var(--line); padding-top: 4px; }
#note-map:has(.md:empty) { display: none; }
#note-map .around ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 6px; margin: 0; }
#note-map .around li { padding: 0; margin: 0; }
#note-map .around li a { display: block; padding: .4em .9em; border: 1px solid var(--line); border-radius: 10px;
  background: var(--paper); text-decoration: none; }
#note-map .around h3 { font-size: .82rem; color: var(--soft); margin: .8em 0 .4em; }
#note-map .map { overflow-x: auto; }
#note-map svg { display: block; }
#note-map svg rect { fill: var(--paper); stroke: var(--soft); }
#note-map svg a.root rect { stroke: var(--primary-600); stroke-width: 3px; }
#note-map svg a:hover rect { stroke: var(--primary-600); }
#note-map svg text { fill: var(--ink); font-size: 12px; text-anchor: middle; }
#note-map svg path.link { fill: none; stroke: var(--soft); }
#note-map svg path.related { stroke-dasharray: 3 5; }
#note-map svg path.tip { fill: var(--soft); }

/* the quiz */
#tabs > :is(#tab-quiz, #tab-progress) > .column { max-width: var(--column); margin: 0 auto; width: 100%; height: auto;
  padding: 8px 4px 60px; }
.tabitem .tools { flex-wrap: wrap; gap: 8px; }
.tabitem .tools button { flex: none; width: auto; min-width: 0; min-height: 44px; padding: 8px 18px; font-size: .9rem; }
.tabitem .tools button.secondary { font-weight: 400; }
/* What leads out of a question is no louder than what answers it. */
.tabitem .tools :is(#quiz-report, #quiz-stop, #quiz-flag) { background: transparent; border-color: transparent;
  color: var(--soft); text-decoration: underline; text-underline-offset: 2px; padding: 8px 6px; }
.tabitem .tools :is(#quiz-report, #quiz-stop, #quiz-flag):hover { color: var(--ink); }
#quiz-answer textarea { min-height: 4rem; }
.tabitem .tools button:disabled { opacity: .55; }
#quiz-said { border-left: 3px solid var(--line); padding: 2px 0 2px 12px; }
#quiz-said .prose { color: var(--soft); }
#quiz-setup, #quiz-question, #quiz-feedback, #quiz-summary { gap: 14px; }
#quiz-setup > button { align-self: flex-start; width: auto; min-height: 44px; padding: 8px 28px; flex: none; }
#quiz-kinds .wrap, #quiz-sure .wrap { gap: 8px; }
#quiz-kinds label, #quiz-sure label { background: var(--paper); border: 1px solid var(--line); border-radius: 10px;
  box-shadow: none; color: var(--ink); padding: 8px 12px; min-height: 40px; }
#quiz-kinds label.selected, #quiz-sure label.selected { border-color: var(--primary-600);
  box-shadow: inset 0 0 0 1px var(--primary-600); }
#quiz-more { border: 1px solid var(--line); border-radius: 10px; background: transparent; }
#quiz-sure fieldset, #quiz-kinds fieldset { border: 0; padding: 0; background: transparent; }
#quiz-setup > *, #quiz-question > *, #quiz-feedback > *, #quiz-summary > * { flex: none !important; }
#quiz-options { gap: 8px; min-height: 0; }
.tabitem fieldset input[type="radio"], .tabitem fieldset input[type="checkbox"] { border: 1px solid var(--soft); }
.tabitem .wrap:has(> .wrap-inner) { border: 1px solid var(--soft); border-radius: 8px; background: var(--paper);
  box-shadow: none; }
.tabitem input[type="number"] { border: 1px solid var(--line); background: var(--paper); color: var(--ink); }
.tabitem .input-container .submit-button { background: var(--primary-700); color: #ffffff; border-radius: 10px;
  padding: 6px 16px; min-height: 40px; font-weight: 600; }
#quiz-options button { justify-content: flex-start; text-align: left; white-space: normal; min-height: 48px;
  padding: 10px 16px; font-weight: 400; line-height: 1.45; }
.tabitem .turn:empty { display: none; }
.tabitem .count, .tabitem .hint { color: var(--soft); font-size: .85rem; }
.tabitem p.count { font-weight: 600; margin: 0; }
:is(#quiz-stem, #quiz-graded) .prose .md > p:first-of-type { font-size: 1.15rem; }
#quiz-stem .prose .md > p.hint { font-size: .9rem; }
.tabitem .prose ol.choices { list-style: upper-alpha; padding-left: 1.8em; }
.tabitem .prose ul.points { list-style: none; padding-left: 0; font-size: .94em; }
.tabitem .verdict { font-size: 1.15rem; }
.tabitem .grade.correct .verdict { color: var(--good); }
.tabitem .grade.wrong .verdict { color: var(--bad); }
.tabitem .grade:is(.partial, .unsure) .verdict { color: var(--mid); }
.tabitem details.citation { border: 1px solid var(--line); border-radius: 10px; background: var(--paper);
  font-size: .9rem; }
.tabitem details.citation summary { cursor: pointer; padding: .45em .9em; }
.tabitem details.citation .where { padding: 0 .9em; color: var(--soft); }
.tabitem details.citation .passage { padding: .5em .9em .8em; white-space: pre-wrap; line-height: 1.6; }
#quiz-ended ol.asked { padding-left: 1.4em; margin-top: 1em; }
#quiz-ended ol.asked li { margin: 0 0 .7em; }
#quiz-ended ol.asked small { display: block; }
#quiz-graded :is(.turn.grade, .cites, details:not(.citation)) { margin-top: .8em; }
#quiz-graded .yours { border-left: 3px solid var(--line); padding-left: 12px; white-space: pre-line; }
#quiz-paper { display: none; }
:is(#quiz-stem, #quiz-graded, #quiz-ended):focus { outline: 0 !important; }
.keys { display: none; }
.keys p { color: var(--soft); font-size: .82rem; }
#cards-out { border: 1px solid var(--line); border-radius: 10px; background: transparent; }
#cards-format .wrap { gap: 8px; }
#cards-format label { background: var(--paper); border: 1px solid var(--line); border-radius: 10px;
  box-shadow: none; color: var(--ink); padding: 8px 12px; min-height: 40px; }
#cards-format label.selected { border-color: var(--primary-600); box-shadow: inset 0 0 0 1px var(--primary-600); }
#cards-format fieldset { border: 0; padding: 0; background: transparent; }
#cards-take { align-self: flex-start; width: auto; min-height: 44px; padding: 8px 28px; flex: none; }

/* the demos */
#tabs > #tab-demos > .column { height: auto; padding: 8px 4px 60px; max-width: 1100px; margin: 0 auto; width: 100%; }
#demo-gallery, #demo-page, #kept { gap: 14px; }
#demo-cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); gap: 14px; }
#demo-cards button.card { flex-direction: column; align-items: stretch; justify-content: flex-start; gap: 10px;
  padding: 10px; text-align: left; white-space: normal; font-weight: 600; font-size: .92rem; line-height: 1.35;
  width: 100%; min-width: 0; height: 100%; }
#demo-cards img.button-icon { width: 100%; height: auto; object-fit: contain; border-radius: 6px;
  margin: 0; background: #ffffff; }
#demo-back { align-self: flex-start; width: auto; min-height: 40px; padding: 6px 14px; flex: none; }
#demo-row { align-items: flex-start; gap: 24px; flex-wrap: wrap; }
#demo-settings, #demo-result { gap: 12px; }
#demo-settings > *, #demo-result > * { flex: none !important; }
#demo-settings fieldset { border: 0; padding: 0; background: transparent; }
#demo-settings fieldset .wrap { gap: 6px; flex-direction: column; align-items: stretch; }
#demo-settings fieldset label { background: var(--paper); border: 1px solid var(--line); border-radius: 10px;
  box-shadow: none; color: var(--ink); padding: 8px 12px; min-height: 40px; }
#demo-settings fieldset label.selected { border-color: var(--primary-600);
  box-shadow: inset 0 0 0 1px var(--primary-600); }
#demo-knobs { border: 1px solid var(--line); border-radius: 10px; background: transparent; }
#demo-run, #demo-stop { padding: 10px 36px !important; }
#demo-outcome td:not(:first-child), #demo-outcome th { white-space: nowrap; }
/* The button that makes a picture large stands under it and covers nothing of it. */
.tabitem .image-container { padding-bottom: 36px; }
.tabitem .image-container .icon-button-wrapper { top: auto; bottom: 4px; }
.tabitem .image-container img { background: #ffffff; border-radius: 8px; }
#demo-outcome details { border: 1px solid var(--line); border-radius: 10px; background: var(--paper); margin: 6px 0; }
#demo-outcome summary { cursor: pointer; padding: .5em .9em; }
#demo-outcome details p { margin: .2em .9em .7em; }
#demo-outcome .foretold { border-left: 3px solid var(--primary-600); padding-left: 12px; }
#kept { border-top: 1px solid var(--line); padding-top: 8px; margin-top: 10px; }

/* the progress */
#tabs > :is(#tab-quiz, #tab-progress, #tab-demos) > .column > * { flex: none; }
#tab-progress > .column { gap: 14px; }
#tab-progress > .column > button { align-self: flex-start; width: auto; min-height: 44px; padding: 8px 28px;
  flex: none; }
#progress ul.rows { list-style: none; padding: 0; margin: 0; }
#progress ul.rows li { display: grid; gap: 4px 14px; align-items: center; margin: 0 0 .5em; padding: 0;
  grid-template-columns: minmax(150px, 1fr) minmax(120px, 1.2fr) minmax(150px, 1fr); }
#progress ul.rows li > span:last-child { color: var(--soft); font-size: .85rem; }
#progress .tiles { display: flex; flex-wrap: wrap; gap: 10px; list-style: none; padding: 0; margin: 0; }
#progress .tiles li { border: 1px solid var(--line); border-radius: 12px; background: var(--paper); padding: .6em 1.1em;
  margin: 0; }
#progress .tiles strong { display: block; font-size: 1.4rem; }
#progress summary { cursor: pointer; padding: .5em 0; color: var(--soft); }
#progress .misses { padding-left: 1.3em; }
#progress .misses small { display: block; }

@media (hover: hover) and (pointer: fine) {
  .keys { display: block; }
}
@media (max-width: 800px) {
  #progress ul.rows li { grid-template-columns: 1fr; gap: 0; margin-bottom: .9em; }
  #tabs > .tab-wrapper { padding: 0 0 0 36px; }
  #tabs > .tab-wrapper button { padding: 0 8px; font-size: .85rem; }
  #notes-row { flex-direction: column; height: auto; }
  #notes-list { flex: none !important; width: 100%; max-height: none; border-right: 0; padding: 0 4px 8px;
    border-bottom: 1px solid var(--line); }
  #note-found { max-height: 38vh; overflow-y: auto; }
  #notes-row:not(:has(#note-head h2)) #note-found { max-height: 62vh; }
  #note-pane { padding: 12px 4px 40px 13px; overflow: visible; min-width: 0 !important; }
}
""".replace("BARS", _BARS)

# The page's style sheet is read below the page's own element; what print needs of the whole stands in the head.
TABS_SCRIPT = r"""<style>
@media print {
  body.paper :is(.tabitem:not(#tab-quiz), #side, .tab-wrapper, #quiz-ended, #quiz-said, .tools, .toast-wrap, footer) {
    display: none !important; }
  body.paper #quiz-paper#quiz-paper { display: block !important; }
  body.paper :is(.gradio-container, main.contain, main.contain > .column, #tabs, #tab-quiz, #tab-quiz > .column) {
    display: block !important; height: auto !important; max-height: none !important; overflow: visible !important;
    background: #ffffff !important; color: #000000 !important; padding: 0 !important; margin: 0 !important; }
  body.paper #quiz-paper .prose, body.paper #quiz-paper .prose * { color: #000000 !important; }
  body.paper #quiz-paper li { break-inside: avoid; margin-bottom: 1em; }
  body.paper #quiz-paper p.rule { border-bottom: 1px solid #999999; height: 3em; }
  body.paper #quiz-paper .answers { break-before: page; }
}
</style>
<script>
(() => {
  // A link to a note, wherever it stands, is handed to the server through a box of its own.
  const OURS = 'a[href^="#note="], a[href^="#ask="]';
  function follow(href) {
    const box = document.querySelector("#link textarea, #link input");
    if (!box) return false;
    box.value = href;
    box.dispatchEvent(new Event("input", {bubbles: true}));
    return true;
  }
  document.addEventListener("click", event => {
    const link = event.target.closest && event.target.closest(OURS);
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    link.closest("dialog")?.close();
    follow(link.getAttribute("href"));
  }, true);
  // What is selected of a note goes with the button that asks about it; the server looks whether the note says it.
  document.addEventListener("pointerdown", event => {
    if (event.target.closest && event.target.closest("#ask-passage")) tell(chosen());
  }, true);
  document.addEventListener("keydown", event => {
    if (event.target.closest && event.target.closest("#ask-passage")) tell(chosen());
  }, true);
  // Until something is selected, or the note was opened at lines, there is nothing to ask about: the button says so.
  function able() {
    const button = document.querySelector("#ask-passage");
    const told = chosen().trim() || document.querySelector("#note .here") ? "false" : "true";
    if (button && button.getAttribute("aria-disabled") !== told) button.setAttribute("aria-disabled", told);
  }
  document.addEventListener("selectionchange", able);
  function chosen() {
    const picked = window.getSelection(), note = document.querySelector("#note");
    const inside = note && picked.rangeCount && note.contains(picked.getRangeAt(0).commonAncestorContainer);
    return inside ? picked.toString().slice(0, 3000) : "";
  }
  function tell(text) {
    const box = document.querySelector("#selected textarea, #selected input");
    if (!box) return;
    box.value = text;
    box.dispatchEvent(new Event("input", {bubbles: true}));
  }

  // A note that was opened comes into sight at its lines, and its name gets the focus.
  let shown = "";
  function settle() {
    const head = document.querySelector("#note-head h2");
    if (!head || !head.offsetParent) return;
    const here = document.querySelector("#note .here");
    const now = document.querySelector("#note-head").textContent;
    if (now === shown || (/opened at/.test(now) && !here)) return;
    shown = now;
    head.setAttribute("tabindex", "-1");
    head.focus({preventScroll: true});
    const wanted = here || head;
    let pane = wanted.parentElement;
    while (pane && !(pane.scrollHeight > pane.clientHeight && /auto|scroll/.test(getComputedStyle(pane).overflowY)))
      pane = pane.parentElement;
    if (!pane) return;
    const gap = wanted.getBoundingClientRect().top - pane.getBoundingClientRect().top;
    pane.scrollTop += gap - (here ? pane.clientHeight / 4 : 8);
  }
  // A map that is wider than its place is shown at the note that it is drawn around.
  function centre() {
    for (const map of document.querySelectorAll("#note-map .map")) {
      const root = map.querySelector("a.root rect");
      if (map.dataset.centred || !map.clientWidth || !root) continue;
      map.dataset.centred = "yes";
      const at = root.getBoundingClientRect(), pane = map.getBoundingClientRect();
      map.scrollLeft += at.left + at.width / 2 - pane.left - pane.width / 2;
    }
  }
  function changed() {
    settle();
    centre();
    able();
  }
  new MutationObserver(changed).observe(document, {subtree: true, childList: true, characterData: true});

  // The sheet of a quiz is printed alone.
  document.addEventListener("click", event => {
    if (!event.target.closest || !event.target.closest("#quiz-print")) return;
    document.body.classList.add("paper");
    window.print();
  });
  window.addEventListener("afterprint", () => document.body.classList.remove("paper"));

  // The page's own address may name a note too.
  if (/^#note=/.test(location.hash)) {
    const waiting = setInterval(() => { if (follow(location.hash)) clearInterval(waiting); }, 300);
  }
})();
</script>"""
