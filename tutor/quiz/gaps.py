"""Cloze items: a sentence of the notes with one term left out, to be typed."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from tutor.lexicon import GENERIC
from tutor.quiz.bank import Bank
from tutor.quiz.facts import Fact
from tutor.quiz.items import Item, item_id, plain
from tutor.quiz.terms import plural
from tutor.quiz.wording import GAP, bare, core_of, said_of, statement_of, with_gap
from tutor.topics import Mention
from tutor.words import content_words, words, zipf

_CONTEXT = 5  # words of meaning that must be left around a gap
_RARE = (
    0.35  # how rare a term must be; a stem that stands in one passage of twenty has this in large libraries
)
_ARTICLES = ("", "a ", "an ", "the ")
_LONGEST_NAME = 4  # words
_SAME_ROOT = 5  # letters
_COMMON = 4.2  # Zipf frequency of an everyday word, beside which another would often fit as well
# What follows a whole subject: a verb, or what it is a part of; no second noun ("a DCGAN discriminator").
_IS_SUBJECT = re.compile(
    r"(?: \([^()]*\))?,? (?:(?:of|in|for)\b|(?:(?:only|always|also|still|often|usually|commonly|[a-z]+ly) )?"
    r"(?:(?:is|are|was|were|has|have|had|does|do|did|must|can|may|need|make|give|use|take|carry|add|learn|suit)\b|"
    r"[a-z]{2,}ed (?:the|an?|its|their|his|her)\b|"
    r"[a-z]{2,}[^su]s (?!(?:of|are|is|were|that|and|such|in|for|with|per)\b|[\d$])))"
)
_DENIES = re.compile(r" (?:[a-z]+ )?(?:not|no|never|cannot)\b")
_PLAIN = 3.95  # the same for a gap that is typed, also where the word is what the fact defines
_MANY_KINDS = 20  # of names that are defined as kinds of a term, from which on many fill its gap
_TAIL = re.compile(r" (?:of|in) (?:an? |the )?.*$")


def cloze(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """A sentence with a gap, the word for it to be typed; None where no term fits it alone."""
    gap = _gap(fact, bank)
    if gap is None:
        return None
    stem, one = gap
    names = bank.terms.names_of(one.key)
    accepts = tuple(dict.fromkeys([*names, *(_TAIL.sub("", name) for name in names)]))
    accepts = tuple(name for name in accepts if name != one.written)
    return _item(fact, stem, one.written, accepts)


def subject_gap(fact: Fact, bank: Bank) -> tuple[str, Mention] | None:
    """A fact's sentence with a gap for the thing that it is about, and the thing.

    None where it is about no named thing, or where a part of a thing is meant ("the decoder of a VAE").
    """
    sentence = statement_of(fact)
    core = core_of(sentence) if sentence else ""
    mentions = _terms_in(core, fact, bank)
    for one in mentions:
        if _opens(core, one) and not re.match(r" (?:of|in|for)\b", core[one.end :]):
            stem = _stem(core, one, mentions, fact, bank, hinted=False)
            return (stem.partition(": ")[2], one) if stem else None
    return None


def _item(fact: Fact, stem: str, key: str, accepts: tuple[str, ...]) -> Item:
    return Item(
        item_id(fact.note, "cloze", stem, key, ()), "cloze", stem, (), key, said_of(fact), fact.citation,
        statement_of(fact), fact.heading, fact.note, fact.id, fact.concept, accepts, maker="rules",
    )  # fmt: skip


def _gap(fact: Fact, bank: Bank) -> tuple[str, Mention] | None:
    """The stem and the term of the best gap in a fact's sentence."""
    # A correction sets one thing apart from what students think and fits others too.
    sentence = "" if fact.entry is None and not fact.term else statement_of(fact)
    if not sentence:
        return None
    core = core_of(sentence)
    texts = (core, sentence) if core != sentence else (sentence,)
    for text in texts:
        mentions = _terms_in(text, fact, bank)
        ranked = sorted(mentions, key=lambda one: _rank(one, fact, bank), reverse=True)
        for one in ranked:
            # What is said of a thing holds of its kinds too.
            if not _opens(text, one) or bank.second_keys.has_kinds(one.written, _MANY_KINDS):
                continue
            stem = _stem(text, one, mentions, fact, bank, hinted=True)
            if stem:
                return stem, one
    return None


def _opens(text: str, one: Mention) -> bool:
    """Whether a term is what a sentence is about: its whole subject, or the head of it ("the stride of a convolution").

    What is said of a thing tells which it is; into a gap further on ("1,300 ____") too often another word fits as well.
    """
    denies = _DENIES.match(text[one.end :]) is not None
    return (
        text[: one.begin].lower() in _ARTICLES
        and not denies
        and _IS_SUBJECT.match(text[one.end :]) is not None
    )


def _terms_in(text: str, fact: Fact, bank: Bank) -> list[Mention]:
    """What has a name in a sentence, and what the fact's question or the heading above it names."""
    known = bank.terms.places(text)
    for name in _own_names(fact):
        for found in re.finditer(rf"(?<![\w-]){re.escape(name)}s?(?![\w-])", text, re.IGNORECASE):
            begin, end = found.span()
            if not any(one.begin < end and begin < one.end for one in known):
                known.append(Mention(found.group(), begin, end, tuple(words(name)), titled=False))
    return known


def _own_names(fact: Fact) -> list[str]:
    """What a card's question and heading name, but for everyday words ("main cause")."""
    heading = fact.heading[-1] if fact.heading and fact.entry is not None else ""
    names = [fact.term, *re.split(r"\s*(?:,|:|\band\b|\bor\b|\bvs\.?|\()\s*", heading.rstrip(")"))]
    return [
        name
        for name in names
        if 0 < len(name.split()) <= _LONGEST_NAME
        and set(content_words(name)) - GENERIC
        and any(zipf(word.lower()) < _COMMON for word in re.findall(r"\w+", name))
    ]


def _rank(one: Mention, fact: Fact, bank: Bank) -> tuple[bool, bool, float, int]:
    """What the question asks for comes first, then the fact's own subject, then the rarest."""
    asked = {mention.key for mention in bank.terms.places(fact.question)}
    own = bool(fact.term) and plain(one.written) == plain(fact.term)
    new = bool(fact.question) and one.key not in asked
    return own, new, bank.terms.weight(content_words(one.written)), -one.begin


def _stem(text: str, one: Mention, mentions: Sequence[Mention], fact: Fact, bank: Bank, hinted: bool) -> str:
    """The sentence with its gap and what it is about; empty where the gap is idle, told or fits two terms."""
    names = (one.written, *bank.terms.names_of(one.key))
    if not _is_worth(one, names[1:], fact, bank) or (hinted and _is_plain(one.written)):
        return ""
    # "The ELBO of a VAE" is a loss, a bound and an objective too.
    if hinted and one.written.isupper() and text[one.end :].startswith(" of "):
        return ""
    spans = [(other.begin, other.end) for other in mentions if other.key == one.key]
    masked = with_gap(text, spans)
    if GAP not in masked or len(set(content_words(masked))) < _CONTEXT or told(masked, names):
        return ""
    if masked.count(GAP) > 2 or _other_fill(text, masked, one, bank):
        return ""
    wider = bank.terms.wider(one.key) if hinted else []
    if any(one.written[0].lower() == name[0].lower() for term in wider for name in (term.name, *term.others)):
        return ""
    # The first letter of a short name is a riddle: "W____" for WGAN.
    if wider and one.written[1:] != one.written[1:].lower():
        return ""
    if wider:
        # Where a wider term would be true as well, the first letter says that it is not meant.
        masked = masked.replace(GAP, one.written[0] + GAP)
    idle = not fact.titled or _names(masked, fact.concept)
    about = "" if idle or _hides(fact.concept, one, bank) else f" (topic: {bare(fact.concept)})"
    return f"Fill the gap{about}: {masked}"


def _is_worth(one: Mention, others: Sequence[str], fact: Fact, bank: Bank) -> bool:
    """Whether a term is a rare noun; an everyday word must be what the fact defines, or another would fit as well."""
    named = set(content_words(one.written))
    own = plain(one.written).removesuffix("s") in {plain(name).removesuffix("s") for name in _own_names(fact)}
    common = re.fullmatch("[a-z]+", one.written) and zipf(one.written) >= _COMMON
    return (
        bool(named - GENERIC)
        and (own or bank.terms.rarity(named) >= _RARE)
        and _is_name(one.written, others)
        and not re.fullmatch("[a-z]+ed", one.written)
        and not (common and plain(one.written) != plain(fact.term))
    )


def _is_plain(written: str) -> bool:
    """Whether a term is an everyday word, which others could stand for: "weights" for "parameters"."""
    return re.fullmatch("[A-Za-z][a-z]+", written) is not None and zipf(written.lower()) >= _PLAIN


def _hides(concept: str, one: Mention, bank: Bank) -> bool:
    """Whether what a fact is about must not be shown, because it holds the gap's term."""
    return told(concept, (one.written, *bank.terms.names_of(one.key))) or any(
        mention.key == one.key for mention in bank.retriever.named.mentions(concept)
    )


def _names(text: str, concept: str) -> bool:
    return set(content_words(concept)) <= set(content_words(text))


def told(text: str, names: Sequence[str]) -> bool:
    """Whether a text with a gap holds one of the names, a word of the same root, or a name's first letters."""
    held = set(words(text))
    # "mT5" tells T5, "ChatGPT" GPT and "minibatch" batch.
    if any(
        (name if name.isupper() or name[1:] != name[1:].lower() else name.lower()) in text
        for name in names
        if len(name) > 1
    ):
        return True
    roots = {word[:_SAME_ROOT] for word in held if len(word) >= _SAME_ROOT}
    spelt = {"".join(word[0] for word in re.findall(r"\w+", name)).lower() for name in names if " " in name}
    for name in names:
        own = [word for word in content_words(name) if word not in GENERIC]
        if any(word in held or (len(word) >= _SAME_ROOT and word[:_SAME_ROOT] in roots) for word in own):
            return True
    return any(len(letters) > 1 and letters in held for letters in spelt)


def _other_fill(text: str, masked: str, one: Mention, bank: Bank) -> bool:
    """Whether the notes say the same of something else: a sentence with the words around the gap, without its term,
    and with another term in the same place."""
    own = content_words(one.written)
    around = [word for word in content_words(masked) if word != "n"]
    rare = sorted(around, key=lambda word: -bank.terms.weight([word]))[:1]
    return bool(bank.terms.saying(" ".join(around), rare, but=own))


def _is_name(written: str, names: Sequence[str]) -> bool:
    """Whether a term stands there as a noun, in one or more ("pools" is no plural of "pooling"); True where nothing
    else is known of it."""
    forms = {form for name in names for form in (plain(name), plain(plural(name)))}
    return not names or plain(written) in forms or plain(plural(written)) in forms
