"""The student's words -> what is asked: the intent, the level, the topic, and the question that stands alone.

All of it is code: a small model that rewrites questions loses more of them than these rules do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from tutor.compound import questions_in
from tutor.demo_names import asked_demo, named_demo
from tutor.follow_ups import ASKS, ONE, PRONOUN, Said, context_of, listed, topic_of
from tutor.intents import ANSWERED, Intent, intent_of, is_quiet, level_of
from tutor.quiz_wishes import TOPIC_ASKED, QuizWish, quiz_wish, topic_named
from tutor.reading import once_more, read, stands_alone
from tutor.reviewing import Which, asks_review, progress_topic, which_part
from tutor.thread import Names, Reading, Thread
from tutor.turns import STYLES, Style
from tutor.words import content_words, without_article

# How students write -> the words of the notes.
_SHORTHAND = tuple(
    (re.compile(rf"\b(?:{said})\b", re.IGNORECASE), plain)
    for said, plain in (
        ("gimme", "give me"),
        ("pros and cons|pros & cons", "strengths and weaknesses"),
        ("advantages and disadvantages|ups and downs", "strengths and weaknesses"),
        (
            "mak(?:e|es|ing) (?:stuff|things|facts|it) up|mak(?:e|es|ing) up (?:stuff|things|facts)",
            "hallucinate",
        ),
        ("what(?:'?s| is) the diff", "what is the difference"),
        (
            "the same (?:pics?|picture|image|output)(?: over and over| again and again)?",
            "the same image (mode collapse)",
        ),
        ("(?:pic|img)(s?)", r"image\1"),
        ("what even", "what"),
        ("whats", "what is"),
        ("hows", "how is"),
        ("w/", "with"),
    )
)
_PUZZLED = re.compile(
    r"^\W*(?:sorry,? |but |hm+,? )?"
    r"(?:i (?:still )?(?:do not|don['’]?t|dont|didn['’]?t|didnt) (?:really )?(?:get|understand)"
    r"(?: (?:it|that|this|you))?|what did you just say|huh|too (?:hard|complicated)|simpler(?: please)?"
    r"|explain (?:it )?(?:more )?simply)\W*(?:i (?:do not|don['’]?t|dont) get it\W*)?$",
    re.IGNORECASE,
)

_MAP_OF = re.compile(
    r".*\b(?:about|around|on)\s+(.+?)(?:\s+please)?\W*$|.*?\b(?:of|for)\s+(.+?)(?:\s+please)?\W*$",
    re.IGNORECASE,
)
_MAP_ALL = re.compile(
    r"\b(?:all|everything|topics|concepts|notes|library|ideas|themes|terms|things|whole|me|course|chapters?)\b",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^(?:(?:(?:hi|hello|hey|good (?:morning|evening|afternoon))(?: there| tutor)?"
    r"|great(?: question| answer)?|thanks?(?: you)?|cool|nice|ok(?:ay)?|i see|got it|perfect"
    r"|i(?:['’]m| am) (?:so |very |a bit |really )*(?:tired|new|confused|lost|stuck|nervous|stressed|back"
    r"|bored|curious)[^,.!?:;]{0,30}"
    r"|(?:i(?:['’]ve| have)(?: got)?|my|there is) (?:an? |my )?(?:exam|test|final|midterm"
    r"|quiz)s?\b[^,.!?:;]{0,40})\s*[,.!:;]+\s+)+(?=\w)",
    re.IGNORECASE,
)
_POLITE = re.compile(r"^please,?\s+|,?\s+please(?=\W*$)", re.IGNORECASE)
# How probable a guessed intent must be: 94 % right on the messages of a writer not learnt from; with the second row
# no message of 442 that asked for no tool started one.
_LIKELY = 0.6
_NEEDED = {"quiz": 0.7, "demo": 0.8, "save": 0.85, "progress": 0.8}
_IN_A_QUESTION = 0.9
_ASKS_FACT = re.compile(
    r"^\W*(?:(?:and|but|so|then|ok(?:ay)?|ah)\W+)*(?:what|who|which|where|when|why|how|since|is|are|was|were|does|did"
    r"|isn['’]?t|aren['’]?t|(?:do(?:n['’]?t)?|can|could|will|would|should) (?!you|u\b|we\b|i\b|someone))\b",
    re.IGNORECASE,
)
# What is to be seen or to run: without such a word and without the name of a demo, none is asked for.
_SHOWS = re.compile(
    r"\b(?:demo\w*|show\w*|see\w*|watch\w*|look\w*|view\w*|run\w*|train\w*|start\w*|launch\w*|play\w*|try|live|action"
    r"|simulat\w*|visuali\w*|animat\w*|experiment\w*|example)\b|演示|看|跑|运行|训练|展示|试",
    re.IGNORECASE,
)
_ON_THE_TALK = ("save", "map", "summary", "talk")
# What whole messages say in so many words is not guessed at.
_BY_WORDS = ("greeting", "thanks", "help", "evidence", "progress")


_THAT = re.compile(
    r"(?:this|that|these|those)(?: topics?| one)?|the same(?: topic)?|(?:the|our) (?:last|current) topic",
    re.I,
)
_BEGINS_WITH_IT = re.compile(
    r"^\W*(?:(?:so|but|and|then|ok(?:ay)?|wait|do you mean|you mean|i (?:think|thought|guess)|that)\W+)*"
    r"(?:it|its|they|their|this|these|that|those|both|the (?:first|second|other|former|latter)\b.{0,12})\b",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"(?<=[.!?])\s*(?:is (?:that|this|it) (?:right|correct|true|so)|am i (?:right|correct)|right|correct)\W*$",
    re.I,
)


@dataclass(frozen=True)
class Question:
    """What the student asks.

    Attributes:
        text: the question that stands alone, without the words that only set the level.
        topic: the thing it is about, as a phrase.
        context: what was asked and answered before, where the message leans on it; else empty.
        demo: for intent "demo", the name of the demo, or the words for something that no demo shows.
        count: for intent "quiz", the number of questions asked for, else None.
        which: for "quiz" and "progress", whether it is about what is due or what was answered wrong.
        kinds: for "quiz", the kinds of questions asked for; empty for all.
        others: what the message may mean instead, where it does not say so itself; the notes decide.
        chinese: for "quiz", whether the questions are wanted in Chinese.
        everything: for "quiz", whether the whole library is meant in so many words.
        goes_on: for "quiz", whether the topic is that of the talk, since the message names none.
    """

    text: str
    intent: Intent
    style: Style
    topic: str
    context: str = ""
    demo: str = ""
    count: int | None = None
    others: tuple[str, ...] = ()
    which: Which = ""
    kinds: tuple[str, ...] = ()
    chinese: bool = False
    everything: bool = False
    goes_on: bool = False


# A message -> what it may ask for ("quiz", "eli5", "talk" ...), each with its probability.
Guess = Callable[[str], Mapping[str, float]]


def understand(
    message: str,
    history: Sequence[Said] = (),
    style: Style | None = None,
    *,
    guess: Guess | None = None,
    names: Names | None = None,
) -> Question:
    """What a message asks for, in the light of the conversation so far.

    Args:
        message: the student's words.
        history: the turns before it, oldest first.
        style: the level chosen on the page; words in the message that set a level win.
        guess: what the message may ask for; where it is unsure, the words decide.
        names: what the notes have names for, by which a follow-up is told from a new question.
    """
    answered = _topic_given(message, history, names)
    if answered is not None:
        return answered
    named, text = level_of(_worded(message))
    level: Style = named or style or "plain"
    text = _plain(text)
    thread = thread_of(history, names)
    again = bool(thread.topic and (_PUZZLED.match(text) or (named and not content_words(text))))
    puzzled = again and named is None
    if again:
        level, text = named or "eli5", once_more(thread).text
    intent = _intent(text, history)
    reading = once_more(thread) if again else read(thread, text)
    if guess is not None and not puzzled and intent not in _BY_WORDS and not asks_review(text):
        # "How do you undo it?" is no wish: a question that leans on the talk is guessed at as it stands alone.
        leans = names is not None and intent in ANSWERED and _ASKS_FACT.match(text) and reading.text != text
        likely = guess(reading.text if leans else message)
        if leans:
            likely = {label: share for label, share in likely.items() if label not in _ON_THE_TALK}
        intent, guessed = _guessed(likely, intent, text)
        level = named or style or guessed or "plain"
    if intent in ("greeting", "thanks", "help", "small_talk", "summary", "save", "evidence"):
        return Question(text, intent, level, "")
    if intent == "map":
        return Question(text, intent, level, _map_topic(text, history))
    if intent == "progress":
        return Question(text, intent, level, progress_topic(text), which=which_part(text))
    if intent == "quiz":
        return _asked_for(text, quiz_wish(text, names.holds if names else None), level, history)
    if intent == "demo":
        name, topic = _demo(text, history)
        name = name or named_demo(text)[0]
        return Question(text, intent, level, topic, demo=name)
    if intent == "check" and not _BEGINS_WITH_IT.match(text):
        # A statement stands alone: its pronouns are those of its own sentence.
        reading = Reading(_TAG.sub("", text), topic_of(text))
    if intent == "explain" and reading.text != text and intent_of(reading.text) == "compare":
        intent = "compare"
    names_its_thing = reading.text == text and not reading.others and stands_alone(thread, text)
    context = "" if names_its_thing else context_of(text, history)
    return Question(reading.text, intent, level, reading.topic, context, others=reading.others)


def _worded(message: str) -> str:
    """A message in the words of the notes where students have words of their own."""
    text = " ".join(message.split())
    for pattern, plain in _SHORTHAND:
        text = pattern.sub(plain, text)
    return text


def separate(question: Question) -> list[Question]:
    """The questions that a message asks, each standing alone; the question itself where it asks one."""
    texts = questions_in(question.text) if question.intent != "check" else []
    found: list[Question] = []
    for text in texts:
        before = [Said("user", found[0].text)] if found else []
        one = understand(text, before, question.style)
        if one.intent not in ANSWERED:
            return [question]
        found.append(replace(one, context=question.context))
    return found if len(found) > 1 else [question]


def _guessed(likely: Mapping[str, float], by_words: Intent, text: str) -> tuple[Intent, Style | None]:
    """The intent and the level that a message most likely asks for; those of its words where the guess is unsure.

    A tool, and a file written, need more than a hunch, unless the words ask for them too.

    Args:
        by_words: the intent by the rules of words.
        text: the message; one with the form of a question seldom asks for a tool, and for a demo only where it speaks
            of something to be seen.
    """
    best = max(likely, key=lambda label: likely[label], default="outside")
    needed = _LIKELY if best == by_words else _NEEDED.get(best, _LIKELY)
    if ASKS.match(text) and best in _NEEDED:
        needed = max(needed, _IN_A_QUESTION)
    unseen = _ASKS_FACT.match(text) and not (_SHOWS.search(text) or named_demo(text)[0])
    if likely.get(best, 0.0) < needed or best == "outside" or (best == "demo" and unseen):
        return by_words, None
    if best in STYLES:
        return (by_words if by_words in ("explain", "list", "code", "formula") else "explain"), best
    return ("small_talk" if best == "talk" else cast("Intent", best)), None


def _plain(text: str) -> str:
    """The message without greeting, praise and politeness around what it asks."""
    if is_quiet(text):
        return text
    return _POLITE.sub("", _OPENING.sub("", " ".join(text.split()).strip(" ,:;"))).strip(" ,:;")


def _intent(text: str, history: Sequence[Said] = ()) -> Intent:
    return intent_of(text, asks_demo=bool(_demo(text, history)[0]))


def _demo(text: str, history: Sequence[Said] = ()) -> tuple[str, str]:
    return asked_demo(text, lambda: _last_topic(history))


def _topic_given(message: str, history: Sequence[Said], names: Names | None) -> Question | None:
    """The wish for a quiz that a message completes by naming the topic that was asked for; else None."""
    last = history[-1] if history else None
    if last is None or last.role != "assistant" or not last.content.startswith(TOPIC_ASKED):
        return None
    if intent_of(message) not in ("explain", "quiz"):
        return None
    wish = topic_named(message, names.holds if names else None)
    return None if wish is None or wish.is_bare else _asked_for(message, wish, "plain", ())


def _asked_for(text: str, wish: QuizWish, level: Style, history: Sequence[Said]) -> Question:
    """A wish for a quiz; one that names no topic goes on with that of the talk, and says so."""
    which = which_part(text)
    topic = "" if which or wish.everything else _quiz_topic(wish.topic, history)
    return Question(
        text, "quiz", level, topic, count=wish.count, which=which, kinds=wish.kinds, chinese=wish.chinese,
        everything=wish.everything, goes_on=bool(topic) and not wish.topic,
    )  # fmt: skip


def _quiz_topic(topic: str, history: Sequence[Said] = ()) -> str:
    """The topic that a wish for a quiz names; that of the talk where it points there or names none."""
    which = ONE.fullmatch(topic)
    if which:
        return listed(which.group(1), history)
    points = not topic or PRONOUN.fullmatch(topic) or _THAT.fullmatch(topic)
    return _last_topic(history) if points else topic


def _map_topic(text: str, history: Sequence[Said]) -> str:
    """What a concept map is to be about; empty for the whole library."""
    found = _MAP_OF.search(text)
    topic = (found.group(1) or found.group(2)).strip(" ?.!") if found else ""
    if PRONOUN.fullmatch(topic) or topic.lower() in ("this", "that", "these"):
        return _last_topic(history)
    return "" if _MAP_ALL.search(topic) else without_article(topic)


def _last_topic(history: Sequence[Said]) -> str:
    """The topic of the last question of the student's that had one."""
    return thread_of(history).topic


def thread_of(history: Sequence[Said], names: Names | None = None) -> Thread:
    """What a talk has come to.

    Args:
        history: its turns, oldest first.
        names: what the notes have names for.
    """
    thread = Thread(names)
    for turn in history:
        if turn.role != "user":
            thread.hear(turn.content)
            continue
        named, text = level_of(_worded(turn.content))
        text = _plain(text)
        if thread.topic and (_PUZZLED.match(text) or (named and not content_words(text))):
            continue
        intent = _intent(text)
        if intent == "quiz":
            thread.turn_to(quiz_wish(text).topic)
        elif intent == "demo":
            thread.turn_to(_demo(text)[1])
        elif intent in ANSWERED and (content_words(text) or thread.topic):
            thread.follow(text, read(thread, text))
    return thread
