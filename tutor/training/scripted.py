"""Answers to the notes' questions made by script, each with the verdicts that it may have.

They teach the reader of answers what an answer is like: the key in a student's shorthand is right, one half of it a
part, the same words with a side swapped, an opposite, a negation or another number wrong, and so is the key of a
question near by. What people wrote (`claims.jsonl`, the graded sets) teaches it the rest.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tutor.quiz.answer_features import sides_of
from tutor.words import split_sentences, words

RIGHT, PARTLY, WRONG = (frozenset({verdict}) for verdict in ("correct", "partial", "wrong"))
AT_LEAST_PARTLY = RIGHT | PARTLY

_OPPOSED = """higher lower|high low|highest lowest|more fewer|more less|larger smaller|large small|
    increases decreases|increase decrease|raises lowers|adds removes|added removed|add remove|before after|first last|
    real fake|always never|fixed learned|discrete continuous|longer shorter|long short|better worse|best worst|
    faster slower|fast slow|with without|strong weak|stronger weaker|sharp blurry|easy hard|maximises minimises|
    maximise minimise|all no|every no|same different|encoder decoder|generator discriminator|forward reverse|
    early late|training sampling|input output|inputs outputs|mean variance|precision recall|query key|queries keys|
    wide narrow|deep shallow|good bad|many few|positive negative|conditional unconditional|random deterministic|
    start end|exact approximate|supervised unsupervised|labelled unlabelled|left right|future past|next previous|
    most least|upper lower|possible impossible|stable unstable|prior posterior|rows columns|closer further|near far|
    cheap expensive|simple complex|global local|grows shrinks|gains loses|keeps drops|known unknown|true false|
    teacher student|top bottom|inside outside|text image|images texts|noise signal"""
_OTHERS: dict[str, list[str]] = {}
for _one, _two in (pair.split() for pair in _OPPOSED.split("|")):
    _OTHERS.setdefault(_one, []).append(_two)
    _OTHERS.setdefault(_two, []).append(_one)
_SAID = (
    ("because", "since as cause bc"), ("images", "pictures pics"), ("image", "picture"), ("only", "just"),
    ("large", "big"), ("cannot", "can't"), ("the discriminator", "D"), ("the generator", "G"), ("while", "and but"),
    ("therefore", "so"), ("usually", "mostly"), ("each", "every"), ("uses", "takes"), ("produces", "makes"),
    ("need", "require"),
)  # fmt: skip
_EMPTY = """I like this topic a lot|no idea but it sounds important|it depends on the GPU|it is very complicated|
    we had this in school last year|ask the teacher|because it works better that way|that is just how they are made|
    in order to make it work|it is a kind of method used in AI|something with numbers|it is the most important part|
    it makes everything better|42|to improve the results|banana|they are two different things|because of the data|
    it depends on many factors|nothing special|by using maths"""
_ARTICLE = re.compile(r"\b(?:the|a|an)\b ", re.IGNORECASE)
_VERB = re.compile(
    r"\b(?:is|are|adds|means|uses|gives|has|have|takes|reads|learns|runs|draws|comes|makes|predicts|measures|keeps|sees"
    r"|needs|turns|maps|can|cannot|loses|decides|follows|removes|works|gets|does|do|computes|looks)\b"
)
_DENIAL = re.compile(r"\b(?:does not|do not|is not|are not|cannot|can not|not|never)\b")
_AUXILIARY = re.compile(r"\b(?:is|are|can|was|were|should|must|will|may|does)\b")
_JOINTS = (", while ", ", whereas ", ", but ", ", and ", "; ", " and ", ", so that ", " because ")


@dataclass(frozen=True)
class Asked:
    """A question with its key."""

    question: str
    key: str


@dataclass(frozen=True)
class Made:
    """An answer with the verdicts that it may have: several where the script cannot know."""

    asked: Asked
    answer: str
    verdicts: frozenset[str]


def made_answers(
    asked: Sequence[Asked], near: Callable[[int], Sequence[int]], rng: random.Random
) -> list[Made]:
    """Two to five answers to each question.

    Args:
        near: the place of a question -> the places of questions near it in meaning.
    """
    found: list[Made] = []
    for place, one in enumerate(asked):
        main = _first(one.key)
        if not main:
            continue

        def put(text: str, verdicts: frozenset[str], one: Asked = one) -> None:
            answer = as_students_write(one.question, text, rng)
            if re.search(r"\w", answer):
                found.append(Made(one, answer, verdicts))

        if rng.random() < 0.8:
            put(main, RIGHT)
        if rng.random() < 0.25:
            put(with_slip(with_slip(main, rng), rng), RIGHT)
        against = opposites(one.question, main, rng)
        for _ in range(min(len(against), 1 + (rng.random() < 0.4))):
            put(rng.choice(against), WRONG)
        if rng.random() < 0.5:
            for part, verdicts in halves(one.question, main)[:1]:
                put(part, verdicts)
        put(_first(asked[rng.choice(near(place))].key), WRONG)
        if rng.random() < 0.25:
            found.append(Made(one, _says_nothing(one.question, rng), WRONG))
        if rng.random() < 0.1:
            put(_first(rng.choice(asked).key), WRONG)
    return found


def _first(key: str) -> str:
    spans = split_sentences(key)
    return key[slice(*spans[0])] if spans else ""


def opposites(question: str, text: str, rng: random.Random) -> list[str]:
    """The text turned into its opposite in several ways; those that change nothing are left out."""
    found = []
    one, two = sides_of(question)
    if one and two:
        found += [_with_swapped(text, one, two), _with_swapped_halves(text)] * 2
    found += [_with_opposite(text, rng), _negated(text, rng), _with_other_number(text, rng)]
    said = re.match(r"(Yes|No)\b,? ?", text)
    if said:
        other = "No" if said[1] == "Yes" else "Yes"
        found += [other, f"{other}, {_negated(text[said.end() :], rng) or text[said.end() :]}"]
    return [made for made in found if made and made != text]


def _cased(like: str, word: str) -> str:
    return word.capitalize() if like[:1].isupper() else word


def _with_opposite(text: str, rng: random.Random) -> str:
    spots = [match for match in re.finditer(r"[A-Za-z]+", text) if match[0].lower() in _OTHERS]
    if not spots:
        return ""
    spot = rng.choice(spots)
    word, other = spot[0].lower(), rng.choice(_OTHERS[spot[0].lower()])
    if any(match[0].lower() == other for match in spots):
        put = {word: other, other: word}
        return re.sub(rf"\b(?:{word}|{other})\b", lambda m: _cased(m[0], put[m[0].lower()]), text, flags=re.I)
    return text[: spot.start()] + _cased(spot[0], other) + text[spot.end() :]


def _negated(text: str, rng: random.Random) -> str:
    denial = _DENIAL.search(text)
    if denial:
        put = {"cannot": "can", "can not": "can", "does not": "does", "is not": "is", "are not": "are"}
        return re.sub(r"  +", " ", text[: denial.start()] + put.get(denial[0], "") + text[denial.end() :])
    verb = _AUXILIARY.search(text)
    if not verb:
        return ""
    short = {"can": "can't", "is": "isn't", "are": "aren't", "does": "doesn't"}.get(verb[0], f"{verb[0]} not")
    put_in = rng.choice([f"{verb[0]} not" if verb[0] != "can" else "cannot", short])
    return text[: verb.start()] + put_in + text[verb.end() :]


def _with_other_number(text: str, rng: random.Random) -> str:
    spots = list(re.finditer(r"(?<![\w.])\d+(?:\.\d+)?(?!\w)", text))
    if not spots:
        return ""
    spot = rng.choice(spots)
    value = float(spot[0])
    other = rng.choice([value * 2, value / 2, value * 10, value + 1, value / 10, value * 3])
    return f"{text[: spot.start()]}{other:g}{text[spot.end() :]}"


def _with_swapped(text: str, one: frozenset[str], two: frozenset[str]) -> str:
    """The two things of a comparison in each other's place, where one word each tells them apart."""
    if len(one) != 1 or len(two) != 1:
        return ""
    (a,), (b,) = one, two
    found = {
        stem: next((w for w in re.findall(r"[\w-]+", text) if words(w)[:1] == [stem]), "") for stem in (a, b)
    }
    if not all(found.values()):
        return ""
    put = {found[a].lower(): found[b], found[b].lower(): found[a]}
    pattern = "|".join(re.escape(word) for word in put)
    return re.sub(rf"\b(?:{pattern})\b", lambda m: _cased(m[0], put[m[0].lower()]), text, flags=re.IGNORECASE)


def _with_swapped_halves(text: str) -> str:
    """ "A does x, while B does y" -> "A does y, while B does x"."""
    parts = re.match(r"(.+?), (while|whereas|and|but) (.+)$", text)
    if not parts:
        return ""
    left, right = parts[1], parts[3].rstrip(".")
    one, two = _VERB.search(left), _VERB.search(right)
    if not one or not two:
        return ""
    swapped = left[: one.start()] + right[two.start() :], right[: two.start()] + left[one.start() :]
    return f"{swapped[0]}, {parts[2]} {swapped[1]}."


def halves(question: str, text: str) -> list[tuple[str, frozenset[str]]]:
    """One half of the text, with the verdicts that it may have."""
    for joint in _JOINTS:
        first, found, second = text.rstrip(".").partition(joint)
        if found and len(first.split()) >= 4 and len(second.split()) >= 2:
            compared = joint in _JOINTS[:3] and any(sides_of(question))
            return [(first, PARTLY if compared else AT_LEAST_PARTLY)]
    return []


def as_students_write(question: str, text: str, rng: random.Random) -> str:
    """The text in a student's shorthand: shorter, with plainer words, now and then with a slip."""
    text = re.sub(r"\*\*|`", "", text.strip().rstrip("."))
    if rng.random() < 0.45:
        text = without_told(question, text)
    if rng.random() < 0.4:
        text = _ARTICLE.sub("", text)
    if rng.random() < 0.6:
        text = text[:1].lower() + text[1:]
    for word, others in _SAID:
        if rng.random() < 0.3:
            text = re.sub(rf"\b{word}\b", rng.choice(others.split()), text, flags=re.IGNORECASE)
    if rng.random() < 0.15:
        text = text.replace(",", "")
    if rng.random() < 0.15:
        text = with_slip(text, rng)
    if rng.random() < 0.08:
        text = rng.choice(["i think ", "it is ", "so ", "basically ", "because ", "well "]) + text
    return text + "." * (rng.random() < 0.15)


def without_told(question: str, text: str) -> str:
    """The text without the words at its begin that the question told."""
    told, tokens, at = set(words(question)), text.split(" "), 0
    while at < len(tokens) - 3:
        own = words(tokens[at])
        if (
            own
            and not set(own) <= told
            and tokens[at].lower() not in ("the", "a", "an", "of", "in", "is", "are")
        ):
            break
        at += 1
    return " ".join(tokens[at:])


def with_slip(text: str, rng: random.Random) -> str:
    """The text with a letter lost, doubled or swapped in one of its longer words."""
    tokens = text.split(" ")
    places = [n for n, token in enumerate(tokens) if len(token) > 5 and token.isalpha()]
    if not places:
        return text
    place = rng.choice(places)
    word = tokens[place]
    at = rng.randrange(1, len(word) - 2)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    tokens[place] = rng.choice([swapped, word[:at] + word[at + 1 :], word[: at + 1] + word[at:]])
    return " ".join(tokens)


def _says_nothing(question: str, rng: random.Random) -> str:
    """An empty phrase, or the question's own words."""
    if rng.random() < 0.35:
        return rng.choice([" ".join(phrase.split()) for phrase in _EMPTY.split("|")])
    opening = r"^(?:what|why|how|which|where|when|who|is|are|does|do|can)\b"
    body = re.sub(opening, "", question.rstrip("?"), flags=re.IGNORECASE).strip()
    return rng.choice(
        ["{}", "it is about {}", "because {}", "the {}", "because they {}", "{} is the point"]
    ).format(body)
