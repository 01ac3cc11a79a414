"""The page: a Gradio chat over one opened session. Wiring and rendering only; it holds no state of the tutor.

markup      Markdown, math and code of the notes -> safe HTML: the page's one renderer
rendering   a turn's events -> chat messages, as plain data
look        theme, style sheet and the page's small script
desk        who is being answered, and the switch that stops it
contents    what was read, skipped and done, as HTML
shelf       the libraries of notes: choose, add, take out, what was read
page        the components and what they do
serving     the web server: port, Host and Origin guard, Content-Security-Policy
"""

from tutor.ui.page import build_page
from tutor.ui.serving import RunningPage, check_address, serve, start_server

__all__ = ["RunningPage", "build_page", "check_address", "serve", "start_server"]
