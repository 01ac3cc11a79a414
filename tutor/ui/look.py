"""Theme and style sheet of the page. Local fonts only; colours follow gradio's light and dark."""

from __future__ import annotations

from typing import Any

from tutor.ui.script import SCRIPT

__all__ = ["CSS", "HEAD", "theme"]

# The page's style sheet is read below the page's own element; how the browser draws its bars is said of the whole.
# So does what a narrow screen makes of a note that is read at a quote: gradio reads rules within "@media" as rules
# for the tabs alone.
HEAD = (
    "<style>html:has(body.dark) { color-scheme: dark; }\n@media (max-width: 640px) { body #reader#reader "
    "{ width: 100vw; height: 100dvh; border: 0; border-radius: 0; } }</style>\n"
) + SCRIPT

_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace")


def theme() -> Any:
    """A calm theme on fonts that every system has."""
    import gradio as gr

    return gr.themes.Soft(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.stone,
        font=list(_SANS),
        font_mono=list(_MONO),
        radius_size=gr.themes.sizes.radius_md,
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        block_shadow="none",
        block_border_width="0px",
        # Gradio's own teal has too little contrast under small words; the log-in has nothing but the theme.
        block_label_text_color="*primary_800",
        block_title_text_color="*primary_800",
        block_label_background_fill_dark="*primary_700",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_hover_dark="*primary_800",
    )


CSS = """
.gradio-container { --column: 820px; --ink: #1c1917; --soft: #57534e; --line: #d6d3d1; --paper: #ffffff;
  --good: #166534; --bad: #9f1239; --mid: #854d0e; }
.dark .gradio-container { --ink: #f5f5f4; --soft: #b8b2ab; --line: #44403c; --paper: #1c1917;
  --good: #86efac; --bad: #fda4af; --mid: #fde68a; }
.gradio-container > .main { max-width: 100% !important; padding: 0 !important; }
.gradio-container main.contain { padding: 0 16px 16px !important; min-width: 0; height: 100dvh;
  box-sizing: border-box;
  overflow: hidden; }
.gradio-container main.contain > .column { height: 100%; flex-wrap: nowrap; gap: 8px; }
.gradio-container main.contain > .column > .form { flex: none; }
:focus-visible { outline: 3px solid var(--primary-500) !important; outline-offset: 2px; }

/* the side */
#side { z-index: calc(var(--layer-top) + 1); }
#side .sidebar-content { padding: 0 16px 20px; scroll-padding-top: 90px; }
/* What scrolls goes under the name, and so never under the arrow that closes the side. */
#about { position: sticky; top: 0; z-index: 30; padding: 16px 24px 8px 0 !important;
  background: var(--background-fill-secondary); }
#side h1 { font-size: 1.5rem; margin: 0; }
#side h2, #side [data-testid="block-info"] { all: unset; display: block; font-size: .8rem; font-weight: 600;
  color: var(--soft); margin: 0 0 .4em; }
#side .prose p { font-size: .88rem; line-height: 1.5; color: var(--soft); margin: .2em 0 0; }
#side .prose strong { color: var(--ink); }
#side #notices p { font-size: .8rem; margin: 0 0 .5em; padding-left: 8px; border-left: 3px solid var(--line);
  overflow-wrap: anywhere; }
#side .form, #side fieldset { background: transparent; border: 0; box-shadow: none; padding: 0; }
#side fieldset .wrap { gap: 4px; }
#side fieldset label { background: transparent; border: 1px solid transparent; box-shadow: none;
  color: var(--ink);
  border-radius: 8px; padding: 6px 10px; font-weight: 400; cursor: pointer; }
#side fieldset label:hover { background: var(--background-fill-secondary); }
#side fieldset label.selected { background: var(--paper); border-color: var(--primary-600); }
#style .wrap { display: grid; grid-template-columns: 1fr 1fr; gap: 4px; }
#style label { padding: 6px 8px; font-size: .88rem; }
#style label span { margin-left: 6px; }
#side fieldset input { border: 1px solid var(--soft); }
#chats .wrap { flex-direction: column; flex-wrap: nowrap; max-height: 34vh; overflow-y: auto; }
#chats label { width: 100%; }
#chats label span { margin-left: 0; white-space: pre-line; overflow-wrap: anywhere; line-height: 1.35;
  display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
#chats input { position: absolute; opacity: 0; width: 1px; height: 1px; }
#chats label:focus-within { outline: 3px solid var(--primary-500); outline-offset: -3px; }
#side .block-info, #side fieldset > .info { font-size: .78rem; color: var(--soft); }
#talks { gap: 6px; }
#talks .block { background: transparent; padding: 0; border: 0; overflow: visible; }
#talks .form { gap: 6px; }
#find input, #find textarea, #title input, #title textarea { background: var(--paper); border: 1px solid var(--soft);
  border-radius: 8px; box-shadow: none; color: var(--ink); padding: 6px 10px; font-size: .9rem; min-height: 36px; }
#find input:focus-visible, #title input:focus-visible, #find textarea:focus-visible, #title textarea:focus-visible {
  outline-offset: -3px; }
#find ::placeholder { color: var(--soft); opacity: 1; }
#tools, #gone { flex-wrap: nowrap; gap: 6px; align-items: center; }
#tools button, #keep, #bring-back, #title .submit-button { background: var(--paper); color: var(--ink);
  border: 1px solid var(--line); border-radius: 8px; box-shadow: none; font-size: .85rem; min-height: 34px;
  padding: 4px 8px; min-width: 0; }
#title .submit-button { padding: 4px 12px; margin: 0; }
#title .input-container { align-items: stretch; gap: 6px; }
#tools button:hover, #keep:hover, #bring-back:hover { border-color: var(--primary-600); }
#gone { border-left: 3px solid var(--primary-600); padding-left: 8px; }
#side #gone p, #side #none-found p { font-size: .85rem; color: var(--ink); overflow-wrap: anywhere; margin: 0; }
.wire { display: none !important; }
#new { background: var(--primary-700); }

/* the notes */
#notes { gap: 6px; }
#notes .block { background: transparent; padding: 0; border: 0; overflow: visible; }
#notes .form { gap: 8px; }
#library .wrap-inner, #entry .wrap-inner { padding: 2px 4px; }
#library .wrap, #entry .wrap, #notes .input-container input, #notes textarea {
  background: var(--paper); border: 1px solid var(--soft);
  border-radius: 8px; box-shadow: none; color: var(--ink); }
#library input, #entry input { text-overflow: ellipsis; min-height: 24px; }
#shelf { border: 0; }
/* The arrow of a closed one is a turned sign, wider than its place: it needs no bar to be scrolled by. */
.gr-accordion { overflow: visible !important; }
#shelf > button { padding: 4px 0; font-size: .85rem; color: var(--soft); }
#shelf > button:hover { color: var(--ink); }
#shelf .column, #shelf > div { gap: 8px; }
#notes .input-container { align-items: stretch; gap: 6px; }
#notes .input-container input, #notes textarea { padding: 6px 10px; font-size: .9rem; min-height: 36px; }
#notes .sure { flex-wrap: nowrap; gap: 6px; }
#notes .sure button { min-width: 0; }
#notes .submit-button, #upload, #drop, #halt, #notes .sure button { background: var(--paper); color: var(--ink);
  border: 1px solid var(--line); border-radius: 8px; box-shadow: none; font-size: .85rem; min-height: 36px; }
#notes .submit-button { padding: 4px 12px; margin: 0; }
#notes .submit-button:hover, #upload:hover, #drop:hover, #halt:hover { border-color: var(--primary-600); }
#notes .sure button.stop { background: #9f1239; border-color: #9f1239; color: #ffffff; }
#drop { background: transparent; border-color: transparent; color: var(--soft); text-decoration: underline; }
#side #formats p { font-size: .78rem; margin: 0; }
#shelf-status { border-left: 3px solid var(--primary-600); padding-left: 8px; }
#side #shelf-status p { font-size: .85rem; color: var(--ink); overflow-wrap: anywhere; margin: 0 0 .2em; }
#side #shelf-status .bad p { color: var(--bad); }
#contents { border-top: 1px solid var(--line);
  border-bottom: 1px solid var(--line); }
#contents h2 { font-size: .8rem; font-weight: 600; color: var(--soft); margin: .7em 0 .3em; }
#contents ul { list-style: none; padding: 0; margin: 0 0 .4em; }
#contents li { font-size: .85rem; line-height: 1.35; margin: 0 0 .45em; padding: 0; overflow-wrap: anywhere; }
#contents summary { font-size: .85rem; color: var(--soft); cursor: pointer; margin: 0 0 .45em; padding: 4px 0; }
#contents li b { display: block; font-weight: 500; color: var(--ink); }
#contents li span { font-size: .78rem; color: var(--soft); }

/* the conversation */
#banner { flex: none; max-width: var(--column); margin: 8px auto 0; padding: 6px 12px !important; width: 100%;
  background: #fef3c7; border-radius: 10px; border: 1px solid #fcd34d; overflow: visible; }
.dark #banner { background: #292013; border-color: #854d0e; }
#banner p { margin: 0; font-size: .85rem; line-height: 1.45; color: var(--ink); }
#banner code { font-size: .95em; background: transparent; color: inherit; border: 0; padding: 0; }
#chat { --under: var(--body-background-fill); --edge: #78716c73; }
#chat { border: 0; background: transparent; flex: 1 1 0 !important; min-height: 0; height: auto !important;
  overflow: hidden !important; }
#chat .top-panel { display: none; }
#chat .panel-wrap { scrollbar-gutter: stable both-edges; }
#chat .message-wrap { width: 100%; max-width: var(--column); margin: 0 auto; padding: 8px 0;
  color: var(--ink); }
#chat .placeholder-content { max-width: var(--column); margin: auto; }
#chat .placeholder { margin: 0; text-align: center; }
#chat .examples { width: 100%; grid-template-columns: 1fr 1fr; }
#chat .examples button, #chat .options button { background: var(--paper); border: 1px solid var(--line);
  color: var(--ink);
  border-radius: 10px; box-shadow: none; }
#chat .examples button:hover, #chat .options button:hover { border-color: var(--primary-600); }
#chat .options { display: flex; flex-wrap: wrap; max-width: 100%; width: 100%; justify-content: flex-start;
  margin: 0;
  padding: 4px 0 8px; gap: 8px; }
#chat .options button { width: auto; max-width: 100%; min-width: 48px; min-height: 44px; padding: 8px 16px; }
#chat .message-row { padding: 4px 0; max-width: 100%; background: transparent; }
#chat .message-row .message { background: transparent; padding: 0; border: 0; color: var(--ink); }
#chat .flex-wrap { padding: 0; }
#chat .bot .message.thought { margin-top: 12px; }
#chat .user-row { display: flex; justify-content: flex-end; }
#chat .user-row .flex-wrap { width: auto; max-width: 88%; --under: #d9f0ec; background: var(--under);
  border-radius: 14px; padding: 8px 14px; }
.dark #chat .user-row .flex-wrap { --under: #134e4a; }
#chat .user-row .message-buttons { display: none; }
#chat .user-row:not(:has(~ .user-row)) .message-buttons { display: block; position: absolute; right: 100%;
  top: 50%; transform: translateY(-50%); margin: 0 4px 0 0; }
#chat .user-row .flex-wrap { position: relative; }
#chat .user-row:has(.edit-textarea) .message-buttons { position: static; transform: none; margin: 6px 0 0; }
#chat .user-row [aria-label="Copy message"] { display: none; }
#chat .edit-textarea { color: var(--ink); background: var(--paper); border: 1px solid var(--soft); padding: 6px 10px;
  width: min(34rem, 70vw) !important; min-height: 5em; max-width: 100%; font-size: 1rem; }
#chat .user-row .message { margin: 0; min-height: 0; }
#chat .message-buttons { padding: 0; margin: 0 0 4px -6px; }
#chat .message-buttons:not(:last-child), #chat [aria-label="Share"] { display: none; }
/* A question of a quiz is answered, and what was said to it is not taken back. */
#chat .bot-row:has(.turn.quiz):not(:has(.turn.answer)) .message-buttons { display: none; }
#chat .message-buttons .icon-button-wrapper { background: transparent; border: 0; box-shadow: none; }
#chat .message-buttons .icon-button { background: transparent; color: var(--soft) !important;
  min-width: 32px; min-height: 32px; }

/* one message */
#chat .message-wrap .message-row .prose.md { color: var(--ink); font-size: 1rem; opacity: 1;
  overflow-wrap: anywhere; }
#chat .message-wrap .prose p:not(:first-child) { margin-top: 0; }
#chat .turn:empty { display: none; }
#chat .prose p { margin: 0 0 .7em; line-height: 1.6; }
#chat .prose h1, #chat .prose h2, #chat .prose h3 { font-size: 1.1rem; margin: .8em 0 .3em; }
#chat .prose pre { overflow-x: auto; overflow-wrap: normal; }
#chat .message-wrap .bot.message .prose table { display: block; overflow-x: auto; border: 0;
  font-size: .9em; }
#chat .prose td { padding: .4em .6em; }
/* A word stays whole: a table that is too wide for that is scrolled, and a shadow lies where it goes on. */
#chat .message-wrap .prose :is(td, th) { word-break: normal; overflow-wrap: normal; }
#chat .prose td:first-child { min-width: 6em; }
#chat .token.comment { color: var(--soft); }
#chat .prose td:not(:first-child), #chat .prose th { min-width: 7em; }
/* A long formula scrolls in its line; a shadow lies at the edge behind which it goes on. */
#chat .prose .katex-display { overflow-x: auto; overflow-y: hidden; padding: .2em 0;
  background: linear-gradient(to right, var(--under) 50%, transparent) left / 32px 200% no-repeat local,
    linear-gradient(to left, var(--under) 50%, transparent) right / 32px 200% no-repeat local,
    linear-gradient(to right, var(--edge), transparent) left / 14px 100% no-repeat scroll,
    linear-gradient(to left, var(--edge), transparent) right / 14px 100% no-repeat scroll; }
#chat .said { white-space: pre-wrap; }
#chat .notice { color: var(--soft); font-size: .92em; padding: 2px 0 2px 12px;
  border-left: 3px solid var(--line); }
#chat .support, #chat .count, #chat .hint, #chat small { color: var(--soft); font-size: .85rem; }
#chat .support { margin: .6em 0 .2em; }
#chat .prose p.count { margin: 0 0 .3em; font-weight: 600; }
#chat .verdict { font-size: 1.05em; }
#chat .grade.correct .verdict { color: var(--good); }
#chat .grade.wrong .verdict { color: var(--bad); }
#chat .grade.partial .verdict, #chat .grade.unsure .verdict { color: var(--mid); }
#chat .prose ol.choices { list-style: upper-alpha; padding-left: 1.8em; line-height: 1.6; }
#chat .prose ul.points { list-style: none; padding-left: 0; font-size: .92em; }
#chat .image-container, #chat .image-frame { background: transparent; max-width: 100%; }
#chat .message-row .message img { max-width: 100%; max-height: min(60vh, 520px); height: auto; margin: 0;
  border-radius: 8px; }
#chat .frame progress { display: block; width: 100%; height: 8px; margin: .5em 0 .3em; appearance: none; border: 0;
  border-radius: 4px; background: var(--line); overflow: hidden; }
#chat .frame progress::-webkit-progress-bar { background: var(--line); }
#chat .frame progress::-webkit-progress-value { background: var(--primary-600); }
#chat .frame progress::-moz-progress-bar { background: var(--primary-600); }
#chat .scroll-down-button-container { z-index: 1 !important; left: auto !important; right: 4px; transform: none; }
#chat .thought-group { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; }

/* citations */
#chat sup.cite { background: var(--primary-100); color: #134e4a; border-radius: 6px; padding: 0 .45em;
  font-size: .7em; white-space: nowrap;
  font-weight: 600; line-height: 1.6; margin: 0 1px 0 3px; cursor: pointer; position: static;
  vertical-align: .35em; }
.dark #chat sup.cite { background: #115e59; color: #ccfbf1; }
/* A mark stays on the line of the word before it, but in a narrow cell, where that would break the word. */
#chat :not(td) > sup.cite::before { content: "\\2060"; }
#chat :is(sup.cite, .citation > summary) i { font-size: 0; }
#chat .cites { display: flex; flex-wrap: wrap; gap: 6px; margin: .5em 0; }
#chat details.citation { border: 1px solid var(--line); border-radius: 10px; font-size: .85rem;
  max-width: 100%;
  --under: var(--paper); background: var(--paper); }
#chat details.citation[open] { width: 100%; }
#chat details.citation summary { padding: .35em .8em; cursor: pointer; list-style: none; }
#chat details.citation summary::-webkit-details-marker { display: none; }
#chat details.citation:hover { border-color: var(--primary-600); }
#chat details.citation summary:focus-visible { outline-offset: -3px; border-radius: 10px; }
#chat .citation > summary b { background: var(--primary-100); color: #134e4a; border-radius: 8px; padding: 0 .5em;
  font-size: .95em; font-weight: 600; margin-right: .3em; }
.dark #chat .citation > summary b { background: #115e59; color: #ccfbf1; }
#chat .citation > summary:hover b { background: var(--primary-200); }
.dark #chat .citation > summary:hover b { background: #0f766e; }
/* All quotes of a note are in one chip: its name stands there once; their lines are told by card and note. */
#chat .source { display: flex; flex-wrap: wrap; align-items: center; max-width: 100%; border: 1px solid var(--line);
  border-radius: 10px; background: var(--paper); padding: 2px 6px 2px 2px; }
#chat .source details.citation { border: 0; background: none; }
#chat .source details.citation:first-child:not([open]) { flex: 1 1 9rem; min-width: 0; max-width: max-content; }
#chat .source details.citation summary { display: flex; align-items: center; min-height: 28px; line-height: 1.3;
  padding: 0 2px; position: relative; }
#chat .source summary b { order: 1; flex: none; margin: 0; min-width: 26px; height: 26px; box-sizing: border-box;
  display: flex; align-items: center; justify-content: center; }
#chat .source summary span:nth-of-type(1) { padding-left: .6em; }
#chat .source summary span:last-of-type { padding-right: .5em; }
#chat .source :is(small, details:not(:first-child) summary span) { position: absolute; width: 1px; height: 1px;
  overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
#chat details.more { font-size: .85rem; }
#chat details.more > summary { color: var(--soft); cursor: pointer; padding: .45em .3em; }
#chat details.more[open] { width: 100%; }
#peek { position: fixed; z-index: 1001; max-width: min(30rem, calc(100vw - 16px)); padding: 10px 14px; font-size: .9rem;
  line-height: 1.5; color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: 10px;
  box-shadow: 0 4px 16px #00000033; }
#peek small { display: block; color: var(--soft); margin-bottom: 4px; overflow-wrap: anywhere; }
#peek p { margin: 0; white-space: pre-line; overflow: hidden; display: -webkit-box; -webkit-box-orient: vertical;
  -webkit-line-clamp: 8; }
#chat details.citation .where { padding: 0 .9em; color: var(--soft); }
#chat details.evidence { font-size: .85rem; }
#chat details.evidence > summary { color: var(--soft); cursor: pointer; padding: .2em 0; }
#chat .evidence .place { color: var(--soft); }
#chat .evidence li { margin: .35em 0; overflow-wrap: anywhere; }
#chat details.citation .passage { padding: .5em .9em .8em; white-space: pre-wrap; line-height: 1.6; }
#chat .prose s { color: var(--soft); }
#chat .doubted { text-decoration: underline wavy var(--bad); text-underline-offset: 3px; }

/* a note that is read at a quote */
#reader { width: min(46rem, calc(100vw - 32px)); height: min(80dvh, 900px); max-width: none; max-height: none;
  margin: auto; padding: 0; border: 1px solid var(--line); border-radius: 14px; background: var(--paper);
  color: var(--ink); flex-direction: column; overflow: hidden; }
#reader[open] { display: flex; }
#reader::backdrop { background: #00000073; }
#reader header { display: flex; align-items: flex-start; justify-content: space-between; gap: 12px;
  padding: 14px 16px 10px 20px; border-bottom: 1px solid var(--line); }
#reader h2 { font-size: 1rem; font-weight: 600; margin: 4px 0 0; overflow-wrap: anywhere; color: var(--ink);
  flex: 1 1 12rem; }
#reader header { flex-wrap: wrap; }
#reader header div { display: flex; gap: 8px; margin-left: auto; }
#reader header :is(button, a) { border: 1px solid var(--line); border-radius: 8px; padding: 4px 14px; min-height: 36px;
  box-sizing: border-box; color: var(--ink); background: transparent; cursor: pointer; text-decoration: none; }
#reader header a { display: flex; align-items: center; }
#reader :is(header a[hidden], .elsewhere) { display: none; }
#reader header :is(button, a):hover { border-color: var(--primary-600); }
#reader .body { overflow-y: auto; padding: 4px 20px 24px; flex: 1; min-height: 0; --under: var(--paper);
  --edge: #78716c73; }
#reader .body:focus-visible { outline-offset: -3px; }
#reader #note-text { background: transparent; border: 0; padding: 0; overflow: visible; }
main #note-text, #reader.waiting #note-text, #reader:not(.waiting, .stale) .quoted { display: none; }
#reader .prose { color: var(--ink); }
#reader h3 { font-size: .9rem; font-weight: 600; color: var(--soft); margin: 1.6em 0 .4em; }
#reader .piece { margin: 0 0 .9em; }
#reader .passage { white-space: pre-wrap; line-height: 1.6; overflow-wrap: anywhere; }
#reader .passage :is(ul, ol) { margin: .2em 0; padding-left: 1.5em; white-space: normal; }
#reader .passage.code { font-family: var(--font-mono); font-size: .85rem; overflow-x: auto; white-space: pre; }
#reader small, #reader .where, #reader .notice { color: var(--soft); font-size: .78rem; }
#reader .katex-display { overflow-x: auto; overflow-y: hidden; }
#reader mark, #chat mark { background: #fde68a; color: #1c1917; padding: .08em .15em; border-radius: 3px; }
.dark #reader mark, .dark #chat mark { background: #854d0e; color: #fffbeb; }
#reader s { color: var(--soft); }

/* the line to write on */
#wrong { width: 100%; max-width: var(--column); margin: 0 auto; align-items: flex-end; flex: none; gap: 8px; }
#wrong .block { background: transparent; padding: 0; border: 0; overflow: visible; }
#wrong .form { background: transparent; border: 0; box-shadow: none; }
#wrong [data-testid="block-info"] { all: unset; display: block; font-size: .88rem; color: var(--ink); margin: 0 0 4px; }
#wrong textarea:focus-visible, #wrong input:focus-visible { outline-offset: -3px; }
#wrong .input-container { align-items: stretch; gap: 6px; }
#wrong :is(textarea, input) { background: var(--paper); border: 1px solid var(--soft); border-radius: 8px;
  padding: 6px 10px; color: var(--ink); }
#wrong .submit-button, #no-word { background: var(--paper); color: var(--ink); border: 1px solid var(--line);
  border-radius: 8px; box-shadow: none; min-height: 36px; padding: 4px 12px; margin: 0; font-size: .88rem;
  white-space: nowrap; }
.form:has(> #box) { width: 100%; max-width: var(--column); margin: 0 auto; border: 1px solid var(--line);
  border-radius: 14px;
  background: var(--paper); overflow: visible; }
#box { background: transparent; padding: 6px 8px; }
#box textarea { background: transparent; border: 0; box-shadow: none; color: var(--ink); font-size: 1rem; }
#box textarea:focus-visible { outline: 0 !important; }
.form:has(> #box):focus-within { border-color: var(--primary-600); box-shadow: 0 0 0 2px var(--primary-500); }
#box textarea::placeholder { color: var(--soft); opacity: 1; }
#box .submit-button, #box .stop-button { background: var(--primary-700); color: #ffffff;
  border-radius: 10px; padding: 6px 16px;
  min-height: 36px; font-weight: 600; }
#box .stop-button { background: #9f1239; }

@media (max-width: 640px) {
  .gradio-container main.contain { padding: 0 8px 8px !important; }
  #chat .user-row .flex-wrap { max-width: calc(100% - 40px); }
  #banner { width: auto; margin: 8px 0 0 28px; }
  #chat .examples { grid-template-columns: 1fr; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
"""
