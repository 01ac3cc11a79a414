"""A draft -> its sentences, each tied to quotes or marked unsupported.

The check is code, not a model: no attribution model is right more than about four times in five, while a
verbatim quote either stands in the note or does not. A reworded sentence passes only when it says a clause of the
notes in the note's own order: small words, inflections and a few synonyms may differ and clauses may be left
out, but no word that carries meaning may be added, dropped or moved, nor a condition or negation be lost. It is
built to reject a true sentence rather than to let a false one pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

from tutor.notes.note import Lines
from tutor.passages import Passage
from tutor.turns import Citation, Support
from tutor.words import NEGATIONS, STRUCK, content_words, split_sentences, stem, words

_LABEL_WORDS = 8
_MATH = re.compile(r"\$\$.+?\$\$|\$[^$\n]+?\$|\\\(.+?\\\)|\\\[.+?\\\]", re.DOTALL)
_STEP = re.compile(r"(?:^|\n)[ \t]*\d{1,3}[.)]\s+$")
_QUOTED = re.compile(r"[\"“«].+[\"”»][.!?]?|(?:myth|misconception):.+", re.DOTALL | re.IGNORECASE)
_OPENS_QUOTE = re.compile(r"[“«][^”»]*$|\"[^\"]*$")
_CLOSES_QUOTE = re.compile(r"^[^“”«»\"]*[”»\"][.!?]?$")
_QUOTE_FIRST = re.compile(
    r"[\"“«](?:[^\"“”«»]+[\"”»]\s*[:—–]|(?:[^\s\"“”«»]+\s+){3,}[^\"“”«»]+[\"”»])\s*(?=\S)"
)
_TOKEN = re.compile(
    r"(?P<math>\$\$.+?\$\$|(?<!\\)\$[^$\n]+?\$|\\\(.+?\\\)|\\\[.+?\\\])|(?P<sign>[=<>≤≥≈≠+*/^|]|(?<=\s)[-−](?=\s))"
    r"|(?P<number>(?:(?<![\w.])[-−])?(?<![\w.])\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)(?:\s?(?:%|percent\b))?)"
    r"|(?P<word>[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+(?:['’][^\W\d_]+)?)|(?P<stop>[,;:()—–，；：、]|~~)",
    re.DOTALL,
)
_LEADING = re.compile(
    r"^\W*(?:(?:so|thus|therefore|hence|also|overall|however|moreover|furthermore|additionally|essentially|basically"
    r"|in short|in summary|in other words|in simple (?:words|terms)|simply put|that is|for example)\b,?\s+)+",
    re.IGNORECASE,
)
# Words that may come and go without changing what is claimed.
_SMALL = frozenset(
    """a an the is are was were be been being am do does did of in on at for to as it its this that these those
    they their them which who whose where there here such then also and but while whereas although though just
    really very basically essentially simply still itself themselves means meant""".split()
)
_SAME = {
    stem(word): stem(group.split()[0])
    for group in (
        "make makes produce create yield output generate",
        "turn transform convert",
        "image picture",
        "common frequent",
        "need require",
        "use uses used using utilise utilize employ",
        "let lets allow enable",
        "large big",
        "small little",
        "get gets obtain receive",
        "show shows display",
        "can may might could",
    )
    for word in group.split()
}
_MAY_BE_ADDED = frozenset("can will".split())
# A clause may not be taken out of a sentence that holds one of these elsewhere: it would lose its condition.
_SCOPE = frozenset(
    stem(word)
    for word in """if unless when until except or believe claim argue suppose assume imagine pretend false wrong myth
    misconception incorrect untrue rarely seldom hardly barely theory principle provided supposedly allegedly
    without than least sometimes often usually mostly mainly almost nearly partly perhaps possibly probably
    apparently contrary otherwise 不 没 非 无 未 仅 只 若 如 或""".split()
) | frozenset(stem(word) for word in NEGATIONS)
_OPENERS = frozenset(
    """in at with for under during after before by on from as among within given to against compared unlike
    despite while""".split()
)
_BREAKS = frozenset("while whereas although though because since but".split())
_WEAK_BREAKS = frozenset("and which who whose where when if unless or so".split())
_PAIRING = frozenset("between both either only".split())
_CONDITIONS = frozenset("if when because since".split())
_REASONS = frozenset("because since".split())
_MARKUP = re.compile(r"\*\*|`|(?<!\w)\*(?=\w)|(?<=\w)\*(?!\w)")
_LEADS_IN = frozenset("because since so therefore thus".split())
_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|be|been|being)(?=\s+(?:\w+ly\s+|not\s+|then\s+|also\s+)?"
    r"(?:\w+ed|\w+wn|(?:tak|giv|se|writt|chos|driv|brok)en|made|built|held|kept|put|found|lost|fed|taught|told|paid)\b)",
    re.IGNORECASE,
)
_NEAREST = 8
_FEWEST = 3


@dataclass(frozen=True)
class Evidence:
    """A sentence of a passage that may be quoted, with its offsets in the passage's text."""

    passage: Passage
    begin: int
    end: int
    asserted_from: int = -1

    @property
    def text(self) -> str:
        """The note's own words."""
        return self.passage.text.words[self.begin : self.end]

    @property
    def asserted(self) -> str:
        """The words that the note itself stands behind: without a misconception that it quotes to correct it."""
        return self.passage.text.words[max(self.begin, self.asserted_from) : self.end]

    @property
    def lines(self) -> Lines:
        """The file lines on which these words stand."""
        return self.passage.text.lines_of(self.begin, self.end)


def evidence_in(passage: Passage) -> list[Evidence]:
    """The sentences of a passage that may be quoted, in order.

    Struck-out sentences are left out. A sentence that ends in a colon takes the formula or list after it
    along, since neither says anything alone; the steps of a numbered list stay together. A sentence in quotation
    marks is what somebody says, as a rule a misconception: it is quoted together with the correction after it or
    not at all, and so is what follows "Myth:". Code is one piece.
    """
    text = passage.text.words
    if passage.kind == "code":
        return [Evidence(passage, 0, len(text))] if text.strip() and not STRUCK.search(text) else []
    struck = [match.span() for match in STRUCK.finditer(text)]

    def is_struck(begin: int, end: int) -> bool:
        return any(begin < s_end and s_begin < end for s_begin, s_end in struck)

    found: list[Evidence] = []
    claim, in_quote = -1, False
    for begin, end in split_sentences(text):
        sentence = text[begin:end]
        if claim >= 0 and in_quote:
            in_quote = not _CLOSES_QUOTE.match(sentence)
            continue
        rest_of_line = text[end:].partition("\n")[0]
        in_quote = bool(_OPENS_QUOTE.match(sentence) and re.search(r"[”»\"]", rest_of_line))
        if in_quote or _QUOTED.fullmatch(sentence):
            claim = begin
            continue
        if claim >= 0 and "\n" not in text[claim:begin]:
            if not is_struck(claim, end):
                found.append(Evidence(passage, claim, end, asserted_from=begin))
            claim = -1
            continue
        claim = -1
        if is_struck(begin, end):
            continue
        previous = found[-1] if found and not is_struck(found[-1].begin, end) else None
        if previous is not None and _belongs(text, previous, begin, end):
            found[-1] = Evidence(passage, previous.begin, end, previous.asserted_from)
        else:
            quote = _QUOTE_FIRST.match(sentence)
            found.append(Evidence(passage, begin, end, asserted_from=begin + quote.end() if quote else -1))
    return found


def _belongs(text: str, previous: Evidence, begin: int, end: int) -> bool:
    """Whether a piece continues the sentence before it: a formula or list items after a colon."""
    before, between = text[previous.begin : previous.end], text[previous.end : begin]
    if _STEP.search(text[:begin]) and _STEP.search(text[: previous.begin]) and "\n\n" not in between:
        return True
    bare_math = _MATH.fullmatch(text[begin:end].strip(" .,;:"))
    goes_on = before.endswith(("$$", "\\]")) and text[begin].islower()
    if bare_math or goes_on:
        return True
    in_list = re.search(r"\n\s*(?:[-*•]|\d{1,3}[.)])\s+$", between) is not None
    if before.endswith((":", "：")):
        is_label = len(before.split()) <= _LABEL_WORDS and "\n\n" not in between
        return in_list or is_label
    return in_list and ":\n" in before and "\n\n" not in between


def check(
    sentence: str, evidence: Sequence[Evidence], idf: Callable[[str], float]
) -> tuple[Support, list[Evidence]]:
    """How a sentence of a draft is supported, and by which evidence.

    Args:
        idf: stem -> weight; the evidence that holds the rare words is looked at first.

    Returns:
        "quoted" with the evidence of which it repeats whole sentences, "supported" with the one or two that say
        it in nearly the same words, or "unsupported".
    """
    said = _exact(sentence)
    if len(said) >= 3 or _MATH.search(sentence):
        for piece in evidence:
            if _repeats(said, piece.asserted):
                return "quoted", [piece]
    near = sorted(evidence, key=lambda piece: -_word_share(sentence, piece.asserted, idf))[:_NEAREST]
    for piece in near:
        if _says(piece, sentence):
            return "supported", [piece]
    for left, right in _halves(sentence):
        for one, other in permutations(near, 2):
            if one.passage.note == other.passage.note and _says(one, left) and _says(other, right):
                return "supported", [one, other]
    return "unsupported", []


@dataclass(frozen=True)
class _Token:
    """A word that carries meaning, a number, sign or formula; `clause` counts the clauses of its sentence."""

    text: str
    clause: int
    opened_by: str = ""


def _exact(text: str) -> list[str]:
    """Every word, number, sign and formula of a text: what must agree in a quote."""
    return [_value(match) for match in _TOKEN.finditer(_MARKUP.sub("", text)) if match.lastgroup != "stop"]


def _value(match: re.Match[str]) -> str:
    """A token in the form in which it is compared: formulas keep their case, numbers their sign."""
    text = match.group()
    if match.lastgroup == "math":
        bare = re.sub(r"\s+|\\[,;!:]", "", text.strip("$"))
        return "$" + re.sub(r"^\\[(\[]|\\[)\]]$", "", bare).rstrip(".,;") + "$"
    if match.lastgroup == "number":
        value = re.sub(r"\s|,", "", text).replace("percent", "%").replace("−", "-")
        return re.sub(r"(\.\d*?)0+(?!\d)", r"\1", value).replace(".%", "%").rstrip(".")
    return text.lower().replace("’", "'")


def _repeats(said: list[str], asserted: str) -> bool:
    """Whether these are whole neighbouring sentences of the note, not a part that lost its "not" or "if"."""
    spans = split_sentences(asserted)
    lead = asserted[slice(*spans[0])] if spans else ""
    bound = lead.endswith(":") and bool({token.text for token in _tokens(lead)} & _SCOPE)
    for first in range(1 if bound else len(spans)):
        run: list[str] = []
        for begin, end in spans[first:]:
            run += _exact(asserted[begin:end])
            if run == said:
                return True
            if len(run) >= len(said):
                break
    return False


def _says(piece: Evidence, sentence: str) -> bool:
    """Whether one sentence of the evidence says it."""
    spans = split_sentences(piece.asserted)
    said = _tokens(sentence)
    lead = {token.text for token in _tokens(piece.asserted[slice(*spans[0])])} if len(spans) > 1 else set()
    if len(said) < _FEWEST or (lead & _SCOPE and ":" in piece.asserted[slice(*spans[0])]):
        return False
    for begin, end in spans:
        source = piece.asserted[begin:end]
        if not source.endswith(("?", "？")) and _entails(_tokens(source), said, _first_word(source)):
            return True
    return False


def _entails(source: Sequence[_Token], said: Sequence[_Token], opener: str) -> bool:
    """Whether neighbouring clauses of the source say it, word by word in the same order."""
    for start in range(len(source)):
        if not _may_start(source, start, opener):
            continue
        end = _walk(source, start, said)
        if end > start and _may_end(source, end) and not _loses_condition(source[:start], source[end:]):
            return True
    turned = _turned(source)
    return bool(turned) and _walk(turned, 0, said) == len(turned)


def _turned(source: Sequence[_Token]) -> list[_Token]:
    """ "If A, B" as "B if A" and the reverse; empty where the sentence is not of that kind."""
    cut = next((i for i, token in enumerate(source) if token.clause == 1), 0)
    if not cut or source[-1].clause != 1 or not {source[0].text, source[cut].text} & _CONDITIONS:
        return []
    return [*source[cut:], *source[:cut]]


def _loses_condition(before: Sequence[_Token], after: Sequence[_Token]) -> bool:
    """Whether the words left out limit what is said; a reason limits nothing."""
    for i, token in enumerate((*before, *after)):
        if token.text in _SCOPE and token.opened_by not in _REASONS:
            return True
        first = i == len(before) or (i > 0 and after and token.clause != (*before, *after)[i - 1].clause)
        if first and token.text == "only":
            return True
    return False


def _walk(source: Sequence[_Token], start: int, said: Sequence[_Token]) -> int:
    """The place after the last word of the source that was said; `start` when a word differs."""
    at = start
    for token in said:
        if at < len(source) and token.text == source[at].text:
            at += 1
        elif token.text not in _MAY_BE_ADDED:
            return start
    return at


def _may_start(source: Sequence[_Token], start: int, opener: str) -> bool:
    """Whether a clause begins here that does not hang on the words before it."""
    if start == 0:
        return True
    here = [token for token in source[:start] if token.clause == source[start].clause]
    if opener in _OPENERS or source[start].opened_by in {"", *_WEAK_BREAKS}:
        return False
    return start - len(here) >= _FEWEST and {token.text for token in here} <= _LEADS_IN


def _may_end(source: Sequence[_Token], end: int) -> bool:
    """Whether a clause ends before this word; "between A and B" does not end after A."""
    if end == len(source):
        return True
    last = {token.text for token in source[:end] if token.clause == source[end - 1].clause}
    goes_on = bool(last & _PAIRING) and source[end].opened_by in ("and", ",")
    return source[end].clause != source[end - 1].clause and not goes_on


@lru_cache(maxsize=4096)
def _tokens(sentence: str) -> tuple[_Token, ...]:
    """What a sentence claims: its words but for the small ones, in order, with the clause that each stands in."""
    text = _PASSIVE.sub("isdone", _LEADING.sub("", _MARKUP.sub("", sentence)))
    text = re.sub(r"\b(\w+)n['’]t\b|\b(can)not\b", r"\1\2 not", text)
    text = re.sub(
        r"\b(?:(?:as|so) long as|whenever|depending on|on condition that|in case)\b", "if", text, flags=re.I
    )
    found: list[_Token] = []
    clause, opened_by = 0, ""
    for match in _TOKEN.finditer(text):
        value = _value(match)
        if match.lastgroup == "stop" or value in _BREAKS or value in _WEAK_BREAKS:
            fresh = not found or found[-1].clause != clause
            clause += not fresh
            opened_by = value if not fresh or not opened_by or value in _BREAKS else opened_by
        if match.lastgroup == "stop":
            continue
        if match.lastgroup == "word":
            value = _SAME.get(stem(value), stem(value)) if value not in _SMALL else ""
        if value:
            found.append(_Token(value, clause, opened_by))
    return tuple(found)


def _first_word(sentence: str) -> str:
    found = re.search(r"\w+", sentence)
    return found.group().lower() if found else ""


def _halves(sentence: str) -> list[tuple[str, str]]:
    """The sentence cut in two where one claim may end and another begin."""
    cuts = re.finditer(r"\s*;\s*|,?\s+(?:and|but|while|whereas)\s+", sentence)
    return [(sentence[: cut.start()], sentence[cut.end() :]) for cut in cuts]


def _word_share(sentence: str, source: str, idf: Callable[[str], float]) -> float:
    """Share of the sentence's meaning-bearing words, weighted by rarity, that the source holds."""
    need = set(content_words(sentence))
    total = sum(idf(word) for word in need)
    have = set(words(source))
    return sum(idf(word) for word in need if word in have) / total if total else 0.0


class Citations:
    """Numbers the quotes of one answer: the same quote gets the same number."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int], Citation] = {}

    def cite(self, piece: Evidence) -> int:
        """The number of a quote, given at its first use."""
        key = (piece.passage.id, piece.begin, piece.end)
        if key not in self._found:
            self._found[key] = Citation(
                n=len(self._found) + 1,
                note=piece.passage.note,
                lines=piece.lines,
                quote=piece.text,
                title=piece.passage.title,
                heading=piece.passage.heading,
                passage=piece.passage.text.words,
                speaker=piece.passage.speaker,
            )
        return self._found[key].n

    def all(self) -> tuple[Citation, ...]:
        """The citations so far, in the order of their numbers."""
        return tuple(self._found.values())

    def spans(self) -> dict[tuple[str, int, int], Citation]:
        """(passage's id, begin, end) -> the citation of these words."""
        return dict(self._found)
