"""The page: a Gradio chat over one opened session. Wiring and rendering only; it holds no state of the tutor.

markup      Markdown, math and code of the notes -> safe HTML: the page's one renderer
rendering   a turn's events -> chat messages, as plain data
look        theme, style sheet and the page's small script
desk        who is being answered, and the switch that stops it
contents    what was read, skipped and done, as HTML
shelf       the libraries of notes: choose, add, take out, what was read
tabs        the tabs beside the chat, put on the page; their style sheet and script are in tabs_look
  notes_tab     find and read a note, ask about a passage; note_view and map_view are what it shows
  quiz_tab      a quiz as a conversation keeps it; quiz_view
  demos_tab     gallery, one demo, kept runs; demos_layout, run_view
  progress_tab  how the student stands; progress_view
page        the components and what they do
serving     the web server: port, Host and Origin guard, Content-Security-Policy
"""

from tutor.ui.page import build_page
from tutor.ui.serving import RunningPage, check_address, serve, start_server

__all__ = ["RunningPage", "build_page", "check_address", "serve", "start_server"]
