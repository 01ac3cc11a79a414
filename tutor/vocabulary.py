"""Names of one thing: acronyms that the notes spell out, and the other names of a glossary's terms.

A glossary is any table of the notes with a column "Also called": names are separated by semicolons, and a bracket
behind a name says where it is used only in some setting. Such a loose name is searched for, and counts less.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tutor.chinese import CJK, in_english
from tutor.notes import Note
from tutor.words import STOPWORDS, content_words, stem, words

LOOSE = 0.6
_MOST_TERMS = 5
_ALSO = re.compile(r"also called|other names?|synonyms?|aka|又名|别名|也叫", re.IGNORECASE)
# No hyphen inside a word: where it also parts words, a chain of hyphens is tried in every cut.
_ACRONYM = re.compile(r"\b((?:[A-Za-z][\w']*[ -]){1,5}[A-Za-z][\w']*)\s+\(([A-Z][A-Za-z]*[A-Z]s?)\)")
_BRACKET = re.compile(r"\s*[(（][^()（）]*[)）]")

Stems = tuple[str, ...]


@dataclass(frozen=True)
class Name:
    """A name as written, its stems, and whether it means the thing in some settings only."""

    written: str
    stems: Stems
    loose: bool


@dataclass(frozen=True)
class Concept:
    """A thing that a question names.

    Attributes:
        own: the stems that name it in the question.
        others: the stems of each other name, and how much a text that holds them counts, in (0, 1].
    """

    own: Stems
    others: tuple[tuple[frozenset[str], float], ...] = ()


class Vocabulary:
    """What may stand for what.

    Args:
        groups: names of one thing each, its usual one first.
        spelt: stemmed acronym -> long form, as the notes write it.

    Attributes:
        chinese: Chinese name -> English term.
    """

    def __init__(self, groups: Iterable[Sequence[Name]], spelt: Mapping[str, str]) -> None:
        self.spelt = dict(spelt)
        self.long_forms = {acronym: " ".join(words(form)) for acronym, form in self.spelt.items()}
        self.chinese: dict[str, str] = {}
        self._known: dict[str, list[tuple[Stems, Sequence[Name]]]] = defaultdict(list)
        acronyms = [
            [Name(form, tuple(words(form)), False), Name(acronym, (acronym,), False)]
            for acronym, form in self.spelt.items()
        ]
        self.groups: list[Sequence[Name]] = [*groups, *acronyms]
        for group in self.groups:
            for name in group:
                self._known[name.stems[0]].append((name.stems, group))
                if CJK.fullmatch(name.written):
                    self.chinese.setdefault(name.written, group[0].written)
        for known in self._known.values():
            known.sort(key=lambda entry: -len(entry[0]))

    def in_english(self, query: str) -> str:
        """A question with its Chinese in English words."""
        return in_english(query, self.chinese) if CJK.search(query) else query

    def concepts(self, query: str) -> list[Concept]:
        """What a question names, in its order: names of the vocabulary, then meaning-bearing words."""
        stems, wanted = words(query), set(content_words(query))
        found: dict[Stems, Concept] = {}
        at = 0
        while at < len(stems):
            others: dict[frozenset[str], float] = {}
            size = 1
            for name, group in self._known.get(stems[at], ()):
                if stems[at : at + len(name)] == list(name) and len(name) >= size and wanted & set(name):
                    size = len(name)
                    for other in group:
                        if other.stems != name:
                            strict = not other.loose and not _is_loose(group, name)
                            others[frozenset(other.stems)] = 1.0 if strict else LOOSE
            own = tuple(stem for stem in stems[at : at + size] if stem in wanted)
            if own:
                found.setdefault(own, Concept(own, tuple(others.items())))
            at += size
        return list(found.values())

    def expand(self, query: str) -> str:
        """The question with the usual name of what it calls otherwise, and the acronym of its long forms."""
        have = words(query)
        line = f" {' '.join(have)} "
        extra: list[str] = []
        for acronym, long_form in self.long_forms.items():
            if acronym in have and f" {long_form} " not in line:
                extra.append(long_form)
            elif f" {long_form} " in line and acronym not in have:
                extra.append(acronym)
        for at, one in enumerate(have):
            for name, group in self._known.get(one, ()):
                usual = " ".join(group[0].stems)
                if have[at : at + len(name)] == list(name) and f" {usual} " not in line:
                    extra.append(usual)
        return " ".join([query, *dict.fromkeys(extra)])

    def spell_out(self, query: str) -> str:
        """The question as the embedding model understands it best: with its acronyms spelt out, which the model never
        learned, and with the usual terms of what it calls otherwise."""

        def spelt(found: re.Match[str]) -> str:
            long_form = self.spelt.get(stem(found.group().lower()), "")
            known = not long_form or long_form.lower() in query.lower()
            return found.group() if known else f"{long_form} ({found.group()})"

        usual = [term for term in self._usual_terms(query) if term.lower() not in query.lower()]
        written = re.sub(r"\b[A-Za-z]{2,}s?\b", spelt, query)
        return f"{written} ({', '.join(usual[:_MOST_TERMS])})" if usual else written

    def _usual_terms(self, query: str) -> list[str]:
        """The usual terms of the glossary's other names in a question, in its order."""
        have, found, at = words(query), dict[str, None](), 0
        while at < len(have):
            size = 1
            for name, group in self._known.get(have[at], ()):
                if have[at : at + len(name)] == list(name) and name != group[0].stems and len(name) >= size:
                    size = len(name)
                    if " ".join(name) not in self.long_forms:
                        found[group[0].written] = None
            at += size
        return list(found)


def _is_loose(group: Sequence[Name], stems: Stems) -> bool:
    return any(name.loose for name in group if name.stems == stems)


def read_vocabulary(notes: Iterable[Note], texts: Iterable[str]) -> Vocabulary:
    """The names in some notes' glossaries, and the acronyms in their texts."""
    return Vocabulary(list(_glossary_groups(notes)), _acronyms(texts))


def glossary_columns(table: str) -> tuple[int, int, int] | None:
    """The columns of term, other names and meaning where a table's words are a glossary, else None."""
    head = [cell.strip() for cell in table.partition("\n")[0].split(" | ")]
    also = next((at for at, cell in enumerate(head) if _ALSO.fullmatch(cell)), None)
    if also is None or len(head) < 3:
        return None
    term = 0 if also else 1
    return term, also, next(at for at in range(len(head)) if at not in (term, also))


def _glossary_groups(notes: Iterable[Note]) -> Iterator[list[Name]]:
    for note in notes:
        for block in note.blocks:
            columns = glossary_columns(block.text.words) if block.kind == "table" else None
            for row in block.text.words.split("\n")[1:] if columns else ():
                cells = [cell.strip() for cell in row.split(" | ")]
                if columns and len(cells) > max(columns):
                    names = [cells[columns[0]], *cells[columns[1]].split(";")]
                    group = [name for name in map(_name, names) if _tells(name)]
                    if len(group) > 1:
                        yield group


def _tells(name: Name) -> bool:
    """Whether a name can be told from common words: "IS" is in every question, and D stands for many things."""
    return bool(set(name.stems) - STOPWORDS) and (len(name.stems) > 1 or len(name.stems[0]) > 1)


def _name(cell: str) -> Name:
    written = _BRACKET.sub("", cell).strip()
    return Name(written, tuple(words(written)), written != cell.strip())


def _acronyms(texts: Iterable[str]) -> dict[str, str]:
    """Stemmed acronym -> long form, read from the notes: "generative adversarial network (GAN)"."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for text in texts:
        for long_form, acronym in _ACRONYM.findall(text):
            letters = acronym.removesuffix("s").lower()
            parts = re.split(r"[ -]", long_form)
            for size in range(1, len(parts) + 1):
                tail = parts[-size:]
                if len(tail) > 1 and _spells(letters, tail):
                    votes[stem(letters)][" ".join(tail).lower()] += 1
                    break
    # "IS" for Inception Score would turn every "is" of a question into one.
    return {acronym: n.most_common(1)[0][0] for acronym, n in votes.items() if acronym not in STOPWORDS}


def _spells(letters: str, tail: Sequence[str]) -> bool:
    """Whether the letters of an acronym stand in the words in order, its first letter at their beginning
    (Schwartz and Hearst, 2003): "variational autoencoder" spells VAE."""
    text = " ".join(tail).lower()
    at = len(text)
    for n, letter in enumerate(reversed(letters)):
        at -= 1
        while at >= 0 and (text[at] != letter or (n == len(letters) - 1 and at != 0)):
            at -= 1
        if at < 0:
            return False
    return True
