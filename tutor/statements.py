"""A student's statement -> the claims that it makes, each standing alone.

"So FID is better when higher and it compares features, right?" claims two things: "FID is better when higher"
and "FID compares features". What only asks for a verdict ("do you mean that", "right?") claims nothing.
"""

from __future__ import annotations

import re

from tutor.words import split_sentences, stem

_LEAD = re.compile(
    r"^\W*(?:so(?: then)?|and|but|ok(?:ay)?|well|now|wait|hmm+|hm|oh|ah|right|then|also|basically|essentially"
    r"|in other words"
    r"|in short|thus|therefore|hence|please|hi|hello|thanks|got it|i see|let me (?:see|check|check this|recap"
    r"|summari[sz]e)"
    r"(?: if i (?:got|understood|understand) (?:this|it|that)(?: right| correctly)?)?"
    r"|(?:do|did) you (?:really )?mean(?: to say)?|(?:are )?you(?:['’]re| are)? saying|you mean(?:t)?"
    r"|does (?:this|that|it) mean"
    r"|(?:that|this|it) means|is (?:it|this|that) (?:really )?(?:right|true|correct|fair|ok(?:ay)?"
    r"|the case)(?: to say)?"
    r"|it is (?:right|true|correct|fair)(?: to say)?|(?:am i|i am|i['’]m) (?:right|correct"
    r"|wrong)(?: (?:in thinking|to think"
    r"|to say|to assume|if i say))?|(?:if|when|as far as) i (?:have )?(?:understand|understood|get|got|see"
    r"|remember|recall|know)"
    r"(?: (?:it|this|that|you|things))?(?: (?:right(?:ly)?|correctly|well|properly))?|as i (?:understand|see"
    r"|remember)(?: it)?"
    r"|correct me if i(?:['’]m| am) wrong|tell me if (?:i(?:['’]m| am) (?:right|wrong)|this is (?:right|true"
    r"|correct))"
    r"|i(?:['’]d| would)? (?:\w+ly )?(?:think|thought|believe|believed|guess|suppose|assume|assumed|understand"
    r"|understood|heard"
    r"|read|learned|learnt|know|take it|gather|say|figured|imagine)|i(?:['’]m| am) (?:pretty |quite |fairly )?sure"
    r"|my (?:understanding|guess|impression|feeling) is|(?:could|can|would) you confirm|please confirm"
    r"|check my understanding"
    r"|check this|is my understanding (?:right|correct)|in my opinion|to me"
    r"|apparently)\b\W*(?:that\b(?=\s+\w+\s)\W*)?",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:[\s,;.!?—–-]*\b(?:(?<!\bto )(?<!\bis )(?<!\bare )(?<!\bthe )(?:right|correct|true)"
    r"|(?<=[,;.!?—–-] )(?:yes|yeah|no|ok(?:ay)?|then)|or (?:not|no|am i (?:wrong|mistaken|missing something))"
    r"|am i (?:right|correct|wrong)"
    r"|is (?:that|this|it) (?:right|correct|true|so)|did i get (?:that|it|this)(?: right)?|do i have (?:that|it"
    r"|this) right"
    r"|(?:isn|aren|doesn|don|wasn|weren|didn|can|won|hasn|haven)['’]t (?:it|they|that|he|she|there)|(?:does|is"
    r"|do|are|can|has) (?:it|they)"
    r"|i (?:think|believe|guess|suppose|assume|heard|read)|if i (?:understand|understood"
    r"|remember)(?: it)? ?(?:right|correctly)?"
    r"|you mean|more or less|please|actually|at all|in (?:principle|short)|as i understand(?: it)?))?[\s,;.!?]*$",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"^(?:is|are|was|were|does|do|did|can|could|will|would|should|must|has|have"
    r"|(?:is|are|was|were|does|do|did|can|could|will|would|should|has|have)n['’]t|can['’]t|won['’]t)\s+(?=\w+\s+\w+)",
    re.IGNORECASE,
)
_AUX = frozenset(
    """is are was were has have had does do did can could will would must may might should cannot isn't aren't
    doesn't don't can't won't wasn't""".split()
)
# Verbs that open a clause after "and"; language of the field's explanations, each in its base form.
_VERBS = frozenset(
    stem(verb)
    for verb in """accept achieve add adjust allow apply ask assign assume attend average avoid become begin
    belong bring
    calculate call capture carry cause change check choose classify collapse combine come compare compress compute
    contain continue control convert copy correct cost count cover create cut decide decode decrease define delete
    denoise depend describe destroy detect differ discard distinguish draw drop encode end erase estimate evaluate
    exist expect explain extract fail fill find fit fix follow forget freeze generate get give go grow guarantee guess
    guide help hide hold ignore improve include increase introduce invent judge keep know lack lead learn let lie look
    lose lower make map mask maximise maximize mean measure memorise memorize minimise minimize mix model move need
    normalise normalize optimise optimize output overfit penalise penalize pick place play predict prevent process
    produce project prove provide punish push put raise reach read receive recognise recognize reconstruct reduce
    refer remain remember remove repeat replace represent require restore return reverse run sample save say score
    search see separate shift show shrink skip slow solve split squeeze start stay steer stop store struggle
    suffer sum
    take teach tell tend throw train transform translate try turn understand update use vary work write""".split()
)
_JOIN = re.compile(
    r"\s*;\s*|\s*,?\s+(?:and also|and then|and that|and|but also|but|while|whereas|although|though|yet)\s+"
    r"|\s*,\s+(?=(?:so|then|it|they|which)\s)",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"^(?:(?:so|then|also|that)\s+)?(it|they|this|that|which|he|she)(?=\s)|\b(its|their)\b", re.IGNORECASE
)
_OBJECT = re.compile(r"(?<= )(?:it|them)$|(?<=(?: in| of| by) )(?:it|them)(?= )")
_WITHOUT = re.compile(r",?\s+without\s+(?=\w+ing\s)", re.IGNORECASE)
_AT_FIRST = re.compile(
    r"^(?:in|for|during|at|with)\b(?:[^,]*,\s*| (?:an?|the) [\w-]+(?: [\w-]+)? (?=(?:the|an?) ))",
    re.IGNORECASE,
)
_FEWEST_WORDS = 3


def claims_in(statement: str) -> list[str]:
    """The claims of a statement in its order, as statements that stand alone."""
    found: list[str] = []
    text = " ".join(statement.split())
    for begin, end in split_sentences(text):
        sentence = _WITHOUT.sub("; does not ", _bare(text[begin:end]))
        for clause in clauses(sentence):
            alone = _standing_alone(clause, found)
            if len(alone.split()) >= _FEWEST_WORDS and alone not in found:
                found.append(alone)
    return found or [_bare(text)]


def _bare(sentence: str) -> str:
    """A sentence without what leads into it and what asks for a verdict."""
    before = ""
    while before != sentence:
        before = sentence
        sentence = _LEAD.sub("", sentence, count=1).strip() or sentence
        cut = _TAIL.sub("", sentence).strip()
        sentence = cut if len(cut.split()) >= _FEWEST_WORDS else sentence.strip(" ?!.,;")
    return _ASKING.sub("", sentence)


def clauses(sentence: str) -> list[str]:
    """The sentence cut where a new clause begins; a clause without a subject gets that of the clause before it."""
    pieces: list[str] = []
    at = 0
    for joint in _JOIN.finditer(sentence):
        left, right = sentence[at : joint.start()], sentence[joint.end() :]
        if _verb_at(left) < 0 or re.search(r"\b(?:between|both|either|whether)\b[^,]*$", left, re.IGNORECASE):
            continue
        near = re.split(r"[,;]|\s(?:and|but|while|whereas)\s", right, maxsplit=1)[0]
        if not 0 <= _verb_at(near) <= 6:
            continue
        pieces.append(left)
        at = joint.end()
    pieces.append(sentence[at:])
    subject = subject_of_claim(pieces[0])
    return [
        piece if n == 0 or _verb_at(piece) > 0 else f"{subject} {piece}".strip()
        for n, piece in enumerate(piece.strip(" ,") for piece in pieces)
    ]


def has_predicate(text: str) -> bool:
    """Whether a text holds a verb that says something of a subject."""
    return _verb_at(text) >= 0


def _verb_at(text: str) -> int:
    """The place of the first word that opens a predicate, -1 when there is none.

    A verb form may be a noun too ("samples"): after an article or a preposition it is not taken for a verb.
    """
    listed = re.findall(r"[\w'’-]+", text)
    before = ""
    for n, word in enumerate(listed):
        lowered = word.lower().replace("’", "'")
        if lowered in _AUX:
            return n
        after = listed[n + 1].lower() if n + 1 < len(listed) else ""
        bare = before in ("a", "an", "the", "of", "in", "with", "to", "its", "their", "by", "for", "no", "on")
        is_verb = (
            stem(lowered) in _VERBS and not lowered.endswith("ing") and not bare and lowered != "process"
        )
        if n > 2 and stem(lowered) in _NOUNS:
            is_verb = False
        if lowered.endswith("ed") and n == 0 and after not in _AFTER_PAST:
            is_verb = False
        if is_verb and (lowered.endswith(("s", "d")) or n == 0 or before.endswith("s") or before in _THEY):
            return n
        before = lowered
    return -1


_NOUNS = frozenset(
    map(stem, "sample code score map mask model show cost move guide work cause change".split())
)
_AFTER_PAST = frozenset("a an the in by on to as it them its their from with for all only at into".split())
_THEY = frozenset("it they also then only always never not just simply we you i to".split()) - {"to"}


def subject_of_claim(clause: str) -> str:
    """The words before the predicate: what the clause is about."""
    place = _verb_at(clause)
    listed = list(re.finditer(r"[\w'’-]+", clause))
    if place <= 0:
        return ""
    subject = clause[: listed[place].start()].strip()
    return _AT_FIRST.sub("", subject)


def _standing_alone(clause: str, before: list[str]) -> str:
    """The clause with what its pronoun stands for, the subject of the claim before it."""
    subject = subject_of_claim(before[-1]) if before else ""
    if subject and subject_of_claim(clause).lower() not in (
        "it",
        "they",
        "this",
        "that",
        "which",
        "he",
        "she",
    ):
        clause = _OBJECT.sub(subject, clause)
    found = _PRONOUN.search(clause)
    if not found or not subject or len(subject.split()) > 8:
        return clause
    if found[2]:
        owner = subject if subject.endswith(("'s", "’s")) else f"{subject}'s"
        return clause[: found.start(2)] + owner + clause[found.end(2) :]
    return (subject + clause[found.end(1) :]).strip()
