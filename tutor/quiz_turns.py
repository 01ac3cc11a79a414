"""What a message means around a quiz: the wish for one and what is told before it, an answer that is to be graded, and
what is said while a question is open, among it the student's own questions to the notes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tutor.follow_ups import Said
from tutor.intents import ANSWERED, Intent, says_it_fails
from tutor.questions import Question, understand
from tutor.quiz.chosen import chosen_ids
from tutor.quiz.items import Item
from tutor.quiz.replies import reply_of, without_opening
from tutor.quiz.rounds import Round, last_answered
from tutor.quiz.told import fewer_told
from tutor.quiz_wishes import MOST_ASKED, TOPIC_ASKED
from tutor.thread import Names
from tutor.turns import QuizGrade, Style
from tutor.words import content_words

ROUTES: dict[Intent, str] = {
    "summary": "sum_up",
    "map": "draw_map",
    "save": "save",
    "evidence": "show_evidence",
    "progress": "show_progress",
    **dict.fromkeys(("greeting", "thanks", "help", "small_talk"), "talk"),
}
_ASKS_TO_SEE = re.compile(
    r"\bdemos?\b|^\W*(?:please )?(?:show|let) me\b"
    r"|^\W*(?:(?:please|can you|could you) )*(?:run|start|launch)\b.*\b(?:training|experiments?|simulations?)\b",
    re.IGNORECASE,
)
_MEANS = re.compile(
    r"^\W*(?:(?:sorry|wait|but|and|so|ok(?:ay)?|hm+|can you tell me|please tell me)\W+)*"
    r"(?:what (?:do you mean by|is meant by|does)|what'?s) (?:the (?:word|term|phrase) )?[\"“'‘]?(?P<term>.{2,80}?)"
    r"[\"”'’]?(?: (?:even |actually )?means?)?(?: (?:here|in (?:this|the) (?:question|quiz|case)))?\W*$",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"\b(?:it|its|they|their|them|this|that|these|those|he|she|the (?:first|second|other) one)\b", re.I
)
NO_QUIZ = "No quiz is open. Ask me something, or say “quiz me on …”."
NO_OPEN_QUESTION = "No question is open, so there is nothing to choose. Say “quiz me on …” to start a quiz."
_ELSEWHERE = "No quiz is open in this conversation. In “{title}” one is: go back there to go on with it."
_NO_QUESTION = (
    "I find no question like “{asked}” in your notes or among those you were asked: nothing is graded. {more}"
)
_NAME_IT = "Name it in its own words, as in: grade my answer to “What is a GAN?”: two networks."
_NEAR_IT = "Near to it are: {near}. Name the one that you mean in its own words."
QUIZ_QUESTIONS = 3
_OFFERED = 4  # topics of a kind
_OF_THE_QUIZ = frozenset(
    word for text in ("question", "answer", "option", "quiz", "word", "mean", "letter", "choice", "hint", "explain")
    for word in content_words(text)
)  # fmt: skip


_GRADE = re.compile(
    r"^\W*(?:(?:please|now|ok(?:ay)?|hey|can you|could you|would you|i want you to)\W+)*"
    r"(?:grade|mark|score|check|rate|assess|evaluate|correct)(?: for me)?(?: (?:my|this|the following))? answer"
    r"(?: (?:to|for|on)) (?:the question,? |question,? |the item |item )?"
    # A quote ends with a mark of its own kind, and where that is an apostrophe too, not within a word.
    r"(?:(?P<quoted>“[^”]+”|\"[^\"]+\"|[\"“].+?[\"”]|['‘].+?['’](?!\w))\s*[:：,–—-]?|(?P<asked>.{3,}?[?？])\s*[:：,–—-]?|(?P<named>[^:：]{2,}?)\s*[:：])"
    r"\s*(?P<answer>\S.*)$|"
    r"^\W*(?:请)?(?:给|帮)?我?(?:批改|评分|打分|评一下)(?:我)?(?:对|关于)?[“\"]?(?P<asked_zh>.+?)[”\"]?的(?:回答|答案)\s*[:：]\s*(?P<zh>\S.*)$",
    re.IGNORECASE | re.DOTALL,
)
_WHOLLY_QUOTED = re.compile(r"[\"“]([^\"“”]*)[\"”]")
_OPTION = re.compile(r"\W*(?:[a-j]|[1-9]|true|false)[\s).:\]。]*", re.IGNORECASE)
_HERE = re.compile(r"(?:this|the|that) (?:(?:open|current) )?(?:question|one|item)|this|it", re.IGNORECASE)
_LAST = re.compile(
    r"(?:the |your )?(?:last|previous)(?: (?:question|one|item))?|(?:the )?question before", re.IGNORECASE
)


def asks_grade(message: str) -> tuple[str, str] | None:
    """The question, or what it is about, and the answer that a message wants to be graded; None for others."""
    found = _GRADE.match(message.strip())
    if found is None:
        return None
    quoted = found["quoted"]
    asked = quoted[1:-1] if quoted else found["asked"] or found["named"] or found["asked_zh"]
    answer = (found["answer"] or found["zh"]).strip()
    whole = _WHOLLY_QUOTED.fullmatch(answer)
    return asked.strip(), whole[1].strip() if whole else answer


def question_to_grade(
    asked: str, quiz: Round | None, find: Callable[[str], Item | None]
) -> tuple[Item | None, bool]:
    """The question that `asks_grade` names, None where none is like it, and whether it is the open one.

    Args:
        quiz: the quiz of the chat, if there is one.
        find: a question by its own words or what it is about.
    """
    opened = quiz.asked if quiz is not None else None
    last = last_answered(quiz) if quiz is not None else None
    if opened is not None and _HERE.fullmatch(asked):
        return opened, True
    if last is not None and (_HERE.fullmatch(asked) or _LAST.fullmatch(asked)):
        item: Item | None = last.items[len(last.outcomes) - 1]
    else:
        item = find(asked)
    # Named by its words, the open question is answered all the same: its key is not had for nothing.
    return item, item is not None and opened is not None and item.fact_id == opened.fact_id


def no_question(asked: str, near: Sequence[str]) -> str:
    """What is said where an answer is to be graded to a question that the notes lack, with those that are near."""
    told = "; ".join(f"“{one}”" for one in near)
    more = _NEAR_IT.format(near=told) if near else _NAME_IT
    return _NO_QUESTION.format(asked=asked[:200], more=more)


def grade_shown(graded: Mapping[str, Any]) -> QuizGrade:
    """What the tool `grade_answer` gave, as it is shown."""
    item = Item.from_dict(graded["item"])
    return QuizGrade(
        item.id, graded["verdict"], graded["score"], graded["feedback"], item.key_text, item.citation,
        tuple(graded["points"]), next_due=str(graded["next_due"] or ""),
    )  # fmt: skip


def told_elsewhere(title: str, otherwise: str) -> str:
    """In which other chat a quiz is open, by its title; `otherwise` where that is empty."""
    return _ELSEWHERE.format(title=title) if title else otherwise


def names_an_option(message: str) -> bool:
    """Whether a message is no more than the letter or number of an option, or true or false."""
    reply = reply_of(message)
    return reply.kind == "answer" and bool(_OPTION.fullmatch(reply.words.strip()))


def asks_topic(question: Question) -> bool:
    """Whether a wish for a quiz leaves open on what: nothing is named, and the talk has no topic to go on with."""
    return question.intent == "quiz" and not (
        question.topic
        or question.which
        or question.everything
        or question.count is not None
        or question.kinds
    )


def topics_offered(stands: Mapping[str, Any]) -> str:
    """On what a student may be quizzed: what is due, what is weak, what was asked, what the notes say most on.

    Args:
        stands: the JSON value of `tutor progress --json`.
    """
    asked = [one["concept"] for one in stands["concepts"] if one["answers"]]
    weak = stands["revisit"][:_OFFERED]
    before = [one for one in asked if one not in weak][:_OFFERED]
    large = sorted(stands["concepts"], key=lambda one: -int(one["facts"]))
    new = [one["concept"] for one in large if one["concept"] not in asked][:_OFFERED]
    due = stands["due"]
    lines = [
        f"{TOPIC_ASKED} Name a topic, or say “everything”.",
        f"{due} card{' is' if due == 1 else 's are'} due: say “review”." if due else "",
        f"Weak: {', '.join(weak)}." if weak else "",
        f"Asked before: {', '.join(before)}." if before else "",
        f"In your notes: {', '.join(new)}." if new else "",
    ]
    return " ".join(line for line in lines if line)


def quiz_call(question: Question, *, given: bool) -> tuple[str, dict[str, Any], str, list[str]]:
    """The call that a wish for a quiz is: its title, its arguments, the words that may say more of these, and what is
    told before the first question.

    Args:
        given: whether the wish was set by a program, whose number is not cut to what a chat asks at most.
    """
    named = {"due": "what is due", "missed": "what you got wrong", "": question.topic or "your notes"}
    n = QUIZ_QUESTIONS if question.count is None else question.count
    cut = not given and n > MOST_ASKED
    wish: dict[str, Any] = {"topic": question.topic[:200], "n": MOST_ASKED if cut else n}
    wish |= {"kinds": list(question.kinds)} if question.kinds else {}
    wish |= {question.which: True} if question.which else {}
    return (
        f"Choosing questions on {named[question.which]}",
        wish,
        "" if cut else question.text,
        _before(question, cut),
    )


def _before(question: Question, cut: bool) -> list[str]:
    """What a student is told before the first question: the topic where it was not named, the length, the language.

    Args:
        cut: whether fewer questions are asked for than were wished.
    """
    on = (
        f"This goes on with {question.topic}. For something else say “quiz me on …”."
        if question.goes_on
        else ""
    )
    many = f"A quiz has at most {MOST_ASKED} questions, so it is not {question.count}." if cut else ""
    chinese = "题目是英文的：笔记里的问题都是用英文写的。" if question.chinese else ""
    return [line for line in (on, many, chinese) if line]


def said_first(said: Sequence[str], call: Mapping[str, Any], found: int) -> str:
    """What stands before the first question, with a word on it where the notes hold fewer than were wanted."""
    part = call.get("due") or call.get("missed")
    fewer = "" if part else fewer_told(found, call["n"], call["topic"], call.get("kinds", ()))
    return " ".join(line for line in (*said, fewer) if line)


def route_in_quiz(message: str, question: Question, item: Item | None) -> str:
    """Where a message goes while a quiz question is open; empty for another quiz or a demo.

    "Train the discriminator" is then an answer: only words that name a demo or ask to be shown one start it.

    Args:
        question: the message as it is understood outside of a quiz.
        item: the open question; None where none is, though a quiz waits.
    """
    reply = reply_of(message)
    if reply.kind not in ("answer", "question") or (item is not None and chosen_ids(item, reply.words)):
        return "quiz_reply"
    route = ROUTES.get(question.intent, "")
    if route and not says_it_fails(message):
        return route
    if question.intent == "quiz" or (
        question.intent == "demo" and _ASKS_TO_SEE.search(without_opening(message))
    ):
        return ""
    asks = reply.kind == "question" and question.intent in ANSWERED - {"check"}
    return "explain" if asks and set(content_words(message)) - _OF_THE_QUIZ else "quiz_reply"


def question_in_quiz(message: str, item: Item | None, style: Style | None, names: Names | None) -> Question:
    """A student's own question while one of the quiz is open: it stands alone and is not about the quiz's topic.

    Where its pronouns lean on something, that is the open question.
    """
    meant = _MEANS.match(message)
    term = meant["term"] if meant else ""
    text = f"What is {term}?" if term and content_words(term) and not _LEANS.search(term) else message
    before = [Said("user", item.stem)] if item is not None and _LEANS.search(text) else []
    return understand(text, before, style, names=names)
