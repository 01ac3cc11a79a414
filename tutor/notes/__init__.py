"""Reading study notes: files in, Notes out, every part with its file lines."""

from tutor.notes.library import (
    Library,
    NoteFile,
    Skipped,
    check_folders,
    hash_file,
    list_files,
    read_files,
    read_library,
)
from tutor.notes.note import Block, Card, Kind, Lines, Note, QuizQuestion, Text
from tutor.notes.note_json import note_from_json, note_to_json
from tutor.notes.recognise import file_lines, read_note

__all__ = [
    "Block",
    "Card",
    "Kind",
    "Library",
    "Lines",
    "Note",
    "NoteFile",
    "QuizQuestion",
    "Skipped",
    "Text",
    "check_folders",
    "file_lines",
    "hash_file",
    "list_files",
    "note_from_json",
    "note_to_json",
    "read_files",
    "read_library",
    "read_note",
]
