"""The page: a Gradio chat over one opened session. Wiring and rendering only; it holds no state of the tutor.

A module imports only from those that are listed above it.

markup          Markdown, math and code of the notes -> safe HTML: the page's one renderer
note_view       a note as the page shows it, each piece known by its lines
reader          a note opened at a quote
citations       the sources of an answer: a chip for each note, its quotes behind it
map_view        a map of the notes that opens them
evidence        the evidence of an answer as HTML
lessons         what goes with a demo: the question before it, the lesson after it, tables of runs
quizzes         a quiz question, its grade, why the options are right or wrong, the score
offers          what one tap under an answer says for the student
rendering       a turn's events -> chat messages, as plain data
quiz_view       a quiz as its tab shows it, read from the round that is kept
run_view        demos and their runs as their tab shows them
progress_view   how the student stands, as its tab shows it
desk            who is being answered, and the switch that stops it
view            the messages of a conversation, stored or running, over what the page needs of a session
contents        what was read, skipped and done, as HTML
chats           the conversations of the side: find, open, rename, take away, delete and undo
seats           who asks: a seat for each student of a class
saying          what is said in the chat: answered, stopped, said anew, taken back, liked
door            the door of every listener: who asks is found out by the log-in
programs        what other programs on this machine may call
tabbing         what the tabs beside the chat share
shelf           the libraries of notes: choose, add, take out, what was read
notes_tab       find and read a note, ask about a passage
cards_out       the cards of the notes as a file for another program
quiz_tab        a quiz as a conversation keeps it
demos_layout    the components of the demos
demos_tab       gallery, one demo, kept runs
demos_wiring    what each click in the tab of the demos leads to
progress_tab    how the student stands
tabs            the tabs beside the chat, put on the page
script          the page's small script: what the components do not do by themselves
look            theme and style sheet
tabs_look       style sheet and script of the tabs
page            the components and what they do
guard           what stands before the page: Host and Origin, bounds, Content-Security-Policy
gate            what stands before the page of a class: each request is somebody's
mends           what gradio would do of itself and must not on this page
serving         the web server: port, log-in, start and end
"""

from tutor.ui.page import build_page
from tutor.ui.serving import SHARE_WARNING, RunningPage, check_address, serve, start_server

__all__ = ["SHARE_WARNING", "RunningPage", "build_page", "check_address", "serve", "start_server"]
