"""A message in the light of what was said: "why?", "the other one", "and for images?" as they stand alone.

A message that names a topic of its own is left as it is. Where it is not certain what a message leans on, it gets
several readings, the likeliest first; the notes decide between them.
"""

from __future__ import annotations

import re

from tutor.chinese import CJK
from tutor.follow_ups import (
    ABOUT,
    AGAINST,
    ASKS,
    ASKS_LIST,
    ASKS_TO,
    ASPECTS,
    BACK,
    BARE_WHY,
    BOTH,
    CHINESE_IT,
    CHINESE_THEY,
    CHINESE_WHICH,
    COMPARES,
    CORRECTS,
    DUE,
    FILLER,
    LEADS,
    LEANING,
    MORE,
    ONE,
    OTHER_ONE,
    PARTNERS,
    PLACE,
    PLACES,
    PRONOUN,
    SHIFTS,
    THEY,
    WHAT_ABOUT,
    WHICH,
    WHICH_ONE,
    is_definition,
    items_in,
    needs_context,
    other_thing,
    place_of,
    topic_of,
)
from tutor.sides import sides
from tutor.thread import TOO_LONG, Reading, Thread
from tutor.topics import Mention
from tutor.words import content_words, without_article

_ASPECT_OF = re.compile(r"\bthe\s+(?P<aspect>[\w-]+)\s+(?:of|for|behind)\s+(?P<thing>[^,;:]+)", re.I)
# What stands before the thing that a question is about.
_OF_THING = re.compile(
    r"^\W*(?:(?:can|could|would) you |please )*"
    r"(?:(?:what(?:['’]?s| is| are)|define|describe|explain|tell me about|who (?:invented|introduced|proposed|made))"
    r"(?:\s+(?:meant by|the\s+[\w-]+\s+(?:of|for|behind)))?"
    r"|(?:show|give|write)(?: me)?(?:\s+(?:the|some|a))?\s+[\w-]+\s+(?:of|for|behind))\s+(?:an?\s+)?",
    re.I,
)
_SHORT = 5  # meaning-bearing words
_HALF = 0.5


def read(thread: Thread, message: str) -> Reading:
    """A message in the light of what was said."""
    back = BACK.match(message)
    if back and thread.topic:
        topic, rest = re.sub(r"^(?:the|our)\s+", "", back["topic"]), message[back.end() :].strip()
        thread.turn_to(topic)
        message = rest or f"What is {topic}?"
    if not thread.topic:
        return Reading(message, topic_of(message))
    if CJK.search(message):
        return _read_chinese(thread, message)
    message = thread.completed(message)
    corrected = CORRECTS.match(message)
    if corrected and message[corrected.end() :].strip(" ?.!"):
        rest = message[corrected.end() :]
        message = rest if ASKS.match(rest) or ABOUT.match(rest) else f"what about {rest}"
    return (
        _ordinal(thread, message)
        or _other(thread, message)
        or _against(thread, message)
        or _between(thread, message)
        or _why(thread, message)
        or _pronoun(thread, message)
        or _bare(thread, message)
        or _what_about(thread, message)
        or _untold(thread, message)
    )


def _read_chinese(thread: Thread, message: str) -> Reading:
    phrase, both = thread.phrase(), "和".join(thread.pair)
    if both and CHINESE_THEY.search(message):
        return Reading(CHINESE_THEY.sub(both, message), both)
    if CHINESE_IT.search(message):
        return Reading(CHINESE_IT.sub(phrase, message), thread.topic)
    if any(one.titled for one in thread.mentions(message)):
        return Reading(message, topic_of(message))
    if both and (CHINESE_WHICH.search(message) or COMPARES.search(message)):
        return Reading(f"{both}{message}", both, (message,))
    if needs_context(message):
        return Reading(f"{phrase} {message}", thread.topic)
    if thread.names is None:
        return Reading(message, topic_of(message))
    return Reading(f"{phrase} {message}", thread.topic, (message,))


def _ordinal(thread: Thread, message: str) -> Reading | None:
    """ "The second one": an item of the last list, or a side of what was compared last."""
    which = ONE.search(message)
    if not which or len(content_words(message)) > 6:
        return None
    word = which.group(1).lower()
    items = items_in(thread.answer)
    if thread.names is not None and not ASKS_LIST.search(thread.asked):
        items = []
    named = thread.pair == thread.compared or all(map(thread.mentions, thread.pair))
    if thread.pair and named and (word in ("former", "latter") or len(items) < 2):
        items = thread.pair
    place = PLACES[word]
    if len(items) <= max(place, 0):
        return None
    text = message[: which.start()] + items[place] + message[which.end() :]
    if ABOUT.match(text) or _is_thing(text, items[place]):
        standing, topic = _asked_of(thread, items[place])
        return Reading(standing, topic) if ABOUT.match(text) else Reading(text, items[place])
    return Reading(text, items[place])


def _other(thread: Thread, message: str) -> Reading | None:
    """ "The other one": the other side of the pair, or the partner of the part that was asked about."""
    found = OTHER_ONE.search(message)
    partner = _partner(thread)
    if not found or not partner:
        return None
    text = message[: found.start()] + partner + message[found.end() :]
    bare = FILLER.sub("", ABOUT.sub("", text)).strip(" ?.!")
    if bare.lower() == partner.lower():
        standing, _ = _asked_of(thread, partner)
        return Reading(standing, partner, (f"What is {partner}?",))
    return Reading(text, partner)


def _against(thread: Thread, message: str) -> Reading | None:
    """ "And compared to a GAN?": what the talk is about beside the one thing that is named."""
    found = AGAINST.match(message)
    if not found or sides(message) or thread.same(found["thing"], thread.topic):
        return None
    own = thread.part or thread.topic
    verb = f"Is {own} {found['than']}" if found["than"] else f"{own} compared to"
    return Reading(f"{verb} {found['thing']}?", own)


def _between(thread: Thread, message: str) -> Reading | None:
    """What is asked of both things of the pair, or which of them is meant."""
    if len(thread.pair) < 2 or sides(message):
        return None
    joined, choice = " and ".join(thread.pair), " or ".join(thread.pair)
    own = thread.own(message)
    both = BOTH.search(message)
    if both and not own:
        they = THEY.search(message[: both.start()])
        if they and thread.compared and not any(thread.holds(one, thread.topic) for one in thread.compared):
            begin = message[: they.start()] + thread.topic + message[they.end() : both.start()]
            return Reading(begin + " and ".join(thread.compared) + message[both.end() :], thread.topic)
        begin = message[: they.start()].rstrip() + " " if they else message[: both.start()]
        return Reading(begin + joined + message[both.end() :], joined)
    if own:
        return None
    if THEY.search(message) and " and " in thread.topic and thread.in_pair(thread.topic):
        return Reading(THEY.sub(joined, message, count=1), joined)
    if WHICH.search(message) and (WHICH_ONE.search(message) or COMPARES.search(message)):
        bare = WHICH_ONE.sub("which", FILLER.sub("", message)).strip(" ?.!")
        return Reading(f"{bare}: {choice}?", joined, _attached(thread, message))
    if COMPARES.search(message) and not PRONOUN.search(message) and len(content_words(message)) <= 1:
        return Reading(f"What is the difference between {joined}?", joined)
    return None


def _why(thread: Thread, message: str) -> Reading | None:
    """ "Why?": the reason of what was asked last."""
    bare = FILLER.sub("", message).strip(" ?.!")
    if thread.names is None or not BARE_WHY.match(bare):
        return None
    of_topic = f"{bare} {thread.phrase()}?"
    if is_definition(thread.asked, thread.topic):
        return Reading(of_topic, thread.topic)
    return Reading(f"{bare.split()[0]}: {thread.asked}", thread.topic, (of_topic,))


def _pronoun(thread: Thread, message: str) -> Reading | None:
    found = thread.pronoun_in(message)
    if not found or (thread.names is None and not needs_context(message)):
        return None
    owner = "'s" if found.group().lower() in ("its", "their") else ""
    begin, end = place_of(found)
    compares = bool(COMPARES.search(message) or sides(f"{message[:begin]}X{message[end:]}"))
    phrase = (thread.part or thread.topic) if compares else thread.phrase()
    # "Those big models": the word behind says what they are.
    following = re.match(r"\s+(?!ones?\b)([a-z]+)", message[end:])
    if found.group().lower() in ("that", "this", "these", "those") and following and thread.names is not None:
        word = following.group(1)
        if content_words(word) and not re.match(r"(?:\w+ed|\w+ly|work|mean|happen|do|get|stop)s?$", word):
            kept = f"the {message[end:].lstrip()}".strip(" ?.!")
            text = f"{message[:begin]}{kept} ({thread.phrase()})?"
            return Reading(text, thread.topic, (message,))
    text = message[:begin] + phrase + owner + message[end:]
    others = []
    if thread.part and phrase != thread.topic:
        others.append(message[:begin] + thread.topic + owner + message[end:])
    if thread.own(message) or (thread.names is not None and len(content_words(message)) > 2):
        others.append(message)
    return Reading(
        text, topic_of(text) if thread.names is None else (thread.part or thread.topic), tuple(others)
    )


def _bare(thread: Thread, message: str) -> Reading | None:
    """A message that names nothing: "why?", "go on", "in code?"."""
    phrase = thread.phrase()
    if MORE.match(message):
        return Reading(f"Tell me more about {phrase}", thread.topic)
    content = content_words(LEADS.sub("", message, count=1))
    if not content:
        bare = message.strip(" ?.!")
        said = ASKS_TO.sub("", FILLER.sub("", f"{bare} ")).strip()
        return Reading(f"{bare} {phrase}?" if said else f"Explain {phrase}", thread.topic)
    if set(content) <= ASPECTS and not thread.own(message):
        bare = message.strip(" ?.!")
        link = " for" if re.search(r"\bin \w+$", bare) else " of"
        bare = re.sub(r"^for ", "give an ", bare, flags=re.IGNORECASE)
        if thread.names is None:
            return Reading(f"{bare} of {phrase}", thread.topic)
        others = [f"{bare}{link} {one}" for one in (thread.topic, thread.before) if one and one != phrase]
        return Reading(f"{bare}{link} {phrase}", thread.topic, tuple(others))
    return None


def _what_about(thread: Thread, message: str) -> Reading | None:
    """ "What about X?": the last question asked of another thing, or of the same in another place."""
    rest = DUE.sub("", ABOUT.sub("", message).strip(" ?.!"))
    if not ABOUT.match(message) or ASKS.match(rest) or len(content_words(rest)) > 4:
        return None
    if thread.names is None and not needs_context(message):
        return None
    if PLACE.match(rest):
        topic = topic_of(f"{thread.topic} {rest}") if thread.names is None else thread.topic
        text = f"{thread.asked.rstrip('?.! ')} {rest}?"
        return Reading(text, topic, (f"{rest} ({thread.topic})?",))
    if thread.names is None:
        return Reading(*other_thing(rest, thread.asked, thread.topic))
    thing = without_article(rest)
    titled = any(one.titled for one in thread.mentions(thing))
    asked, topic = _asked_of(thread, thing)
    alone = f"What is {thing}?" if titled else f"What is {thing} ({thread.topic})?"
    if titled and SHIFTS.search(message):
        return Reading(alone, topic)
    readings = [alone, asked] if WHAT_ABOUT.search(message) else [asked, alone]
    if not titled:
        readings.append(f"What is {thing}?")
    first, *others = dict.fromkeys(readings)
    return Reading(first, topic, tuple(others))


def _untold(thread: Thread, message: str) -> Reading:
    """A message that does not say by itself whether it leans on what was said."""
    topic = topic_of(message)
    if thread.names is None:
        return Reading(message, topic)
    leans = bool(LEANING.search(message))
    mentions = thread.mentions(message)
    if any(one.titled for one in mentions):
        short = len(content_words(message)) <= _SHORT
        own = bool(thread.own(message))
        return Reading(message, topic, _attached(thread, message) if short and (leans or not own) else ())
    attached = _attached(thread, message)
    if not leans and any(_is_general(message, one) for one in mentions):
        return Reading(message, topic, attached[:1])
    share = thread.names.share(_without_aspect(message), thread.topic)
    known = share > _HALF or (share == _HALF and len(content_words(message)) <= 2)
    if attached and (share == 1.0 or (known and not mentions)):
        return Reading(attached[0], f"{topic} {thread.topic}", (*attached[1:], message))
    # A question on something else must not be answered by what the notes say of the topic.
    return Reading(message, topic, attached[:1] if known or leans else ())


def _is_general(message: str, name: Mention) -> bool:
    """Whether a question is put of a thing as such, "what is a token?": "the encoder" is that of the talk."""
    opening = _OF_THING.match(message)
    return opening is not None and opening.end() == name.begin and not re.search(r"\w", message[name.end :])


def stands_alone(thread: Thread, message: str) -> bool:
    """Whether a message asks in full of a thing that a note is named after: nothing in it points back."""
    named = any(one.titled for one in thread.mentions(message))
    return named and bool(ASKS.match(message)) and not LEANING.search(message) and not ONE.search(message)


def _without_aspect(message: str) -> str:
    """The thing whose formula, history ... is asked for; the message where it asks for no such aspect."""
    found = _ASPECT_OF.search(message)
    return found["thing"] if found and set(content_words(found["aspect"])) <= ASPECTS else message


def once_more(thread: Thread) -> Reading:
    """The request to hear the last answer in other words."""
    plain = thread.names is None or not thread.asked or is_definition(thread.asked, thread.topic)
    if plain or len(thread.asked) >= 2 * TOO_LONG:
        return Reading(f"Explain {thread.phrase()}", thread.topic)
    return Reading(thread.asked, thread.topic)


def _attached(thread: Thread, message: str) -> tuple[str, ...]:
    """A message with what the talk is about behind it."""
    if thread.names is None or len(thread.topic) >= TOO_LONG:
        return ()
    bare = DUE.sub("", FILLER.sub("", message).strip(" ?.!"))
    topics = dict.fromkeys(filter(None, (thread.topic, thread.phrase(), thread.before)))
    return tuple(f"{bare} ({one})?" for one in topics if len(one) < TOO_LONG)


def _asked_of(thread: Thread, thing: str) -> tuple[str, str]:
    """The last question asked of another thing, and that thing."""
    if thread.names is None:
        return other_thing(thing, thread.asked, thread.topic)
    titled = any(one.titled for one in thread.mentions(thing))
    alone = f"What is {thing}?" if titled else f"What is {thing} ({thread.topic})?"
    if thread.holds(thing, thread.asked):
        return alone, thing
    rivals = [one for one in thread.pair if not thread.same(one, thing)]
    if not any(thread.same(one, thing) for one in thread.pair):
        rivals = []
    partner = _partner_of(thing)
    for old in filter(None, (*rivals, partner, thread.phrase(), thread.topic if titled else thread.part)):
        found = re.search(rf"(?<!\w){re.escape(old)}(?!\w)", thread.asked, re.I)
        if found and not is_definition(thread.asked, old) and len(thread.asked) < 2 * TOO_LONG:
            text = thread.asked[: found.start()] + thing + thread.asked[found.end() :]
            return text, thing
    return alone, thing


def _partner(thread: Thread) -> str:
    """The other one of two: of the pair, or of the part that was asked about."""
    for one in (thread.part, thread.said, thread.topic):
        partner = _partner_of(one)
        if partner:
            return partner
        if one and one == thread.part:
            break
    others = [one for one in thread.pair if not thread.same(one, thread.part or thread.topic)]
    named = [one for one in others if not thread.holds(one, thread.asked)]
    return (named or others or [""])[0]


def _partner_of(text: str) -> str:
    """The partner of the one thing in a text that has one: of "the discriminator" the generator."""
    for one, other in PARTNERS:
        if _names(one, text) != _names(other, text):
            return other if _names(one, text) else one
    return ""


def _names(word: str, text: str) -> bool:
    return bool(re.search(rf"\b{word}s?\b", text, re.I if len(word) > 1 else 0))


def _is_thing(text: str, thing: str) -> bool:
    return text.strip(" ?.!").lower() == thing.lower()
