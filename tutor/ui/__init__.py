"""The page: a Gradio chat over one opened session. Wiring and rendering only; it holds no state of the tutor.

markup      Markdown, math and code of the notes -> safe HTML: the page's one renderer
rendering   a turn's events -> chat messages, as plain data
offers      what one tap under an answer says for the student
reader      a note opened at a quote
look        theme and style sheet
script      the page's small script: what the components do not do by themselves
desk        who is being answered, and the switch that stops it
contents    what was read, skipped and done, as HTML
chats       the conversations of the side: find, open, rename, take away, delete and undo
saying      what is said in the chat: answered, stopped, said anew, taken back, liked
shelf       the libraries of notes: choose, add, take out, what was read
page        the components and what they do
serving     the web server: port, Host and Origin guard, Content-Security-Policy
"""

from tutor.ui.page import build_page
from tutor.ui.serving import RunningPage, check_address, serve, start_server

__all__ = ["RunningPage", "build_page", "check_address", "serve", "start_server"]
