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
seats       who asks: a seat for each student of a class
door        the door of every listener: who asks is found out by the log-in
programs    what other programs on this machine may call
tabs        the tabs beside the chat, put on the page; their style sheet and script are in tabs_look
  notes_tab     find and read a note, ask about a passage; note_view and map_view are what it shows
  quiz_tab      a quiz as a conversation keeps it; quiz_view
  demos_tab     gallery, one demo, kept runs; demos_layout, demos_wiring, run_view
  progress_tab  how the student stands; progress_view
page        the components and what they do
guard       what stands before the page: Host and Origin, bounds, Content-Security-Policy
gate        what stands before the page of a class: each request is somebody's
serving     the web server: port, log-in, start and end
"""

from tutor.ui.page import build_page
from tutor.ui.serving import SHARE_WARNING, RunningPage, check_address, serve, start_server

__all__ = ["SHARE_WARNING", "RunningPage", "build_page", "check_address", "serve", "start_server"]
