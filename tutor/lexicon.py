"""Which words of an answer are the same word as one of the key: by stem, synonym, opposite and spelling.

The tables hold what a student of generative AI may write; they are language, not facts about the subject.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tutor.words import STOPWORDS, stem


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in text.split())


def _groups(text: str) -> dict[str, frozenset[str]]:
    """Word -> the stems that stand with it in a group; groups are parted by bars."""
    found: dict[str, set[str]] = {}
    for group in text.split("|"):
        for word in _stems(group):
            found.setdefault(word, set()).update(_stems(group) - {word})
    return {word: frozenset(others) for word, others in found.items()}


OPPOSITES = _groups(
    """increase decrease|rise fall|grow shrink|grow decrease|rise decrease|increase reduce|increase fall|
    increase shrink|grow fall|higher lower|high low|large small|larger smaller|big small|bigger smaller|
    maximise minimise|maximize minimize|maximise minimize|maximize minimise|maximum minimum|
    maximise reduce|maximize reduce|real fake|real synthetic|true false|add remove|gain lose|fast slow|
    faster slower|quickly slowly|better worse|best worst|good bad|good poor|before after|first last|
    early late|start end|always never|same different|deterministic random|deterministic stochastic|
    discrete continuous|parallel sequential|parallel sequentially|global local|strong weak|long short|
    longer shorter|deep shallow|wide narrow|easy hard|easier harder|succeed fail|success failure|
    compress expand|compress decompress|upsample downsample|upsampling downsampling|positive negative|
    noisy clean|add subtract|diverse identical|variety identical|varied identical|diversity uniformity|
    variety uniformity|overfit underfit|freeze update|forget remember|sharp blurry|cheap expensive|
    simple complex|sparse dense|past future|previous next|left right|stable unstable|generate classify|
    create classify|allow prevent|enable prevent|closer further|close far|smooth discontinuous|
    converge diverge|lossless lossy|add denoise|add erase|
    depend independent|dependent independent|correlated independent|ease worsen|ease aggravate|ease worse|help hurt|
    help harm|reduce worsen|symmetric asymmetric|exact approximate|exactly approximately|blurry crisp|
    labelled unlabelled|supervised unsupervised|bounded unbounded|finite infinite|linear nonlinear|
    likely unlikely|stabilise destabilise|accelerate slow|encourage discourage|include exclude|strengthen weaken|
    widen narrow|wider narrower|cheaper costlier|higher smaller|more fewer|visible hidden|known unknown|
    invertible irreversible|reward penalise|reward punish|reward penalize|keep discard|keep remove|keep lose|
    keep drop|store discard|implicit explicit|implicitly explicitly|hot cold|hotter colder|
    warm cool|warmer cooler|heavy light|heavier lighter|attract repel|expand contract|
    freeze melt|partner opponent|cooperate compete|attract scare|hard soft|harder softer|widen shrink|expand shrink|
    gain waste|predictable random|evaporate condense|absorb reflect|conduct insulate|conductor insulator|north south|
    connected disconnected|unconditional conditional|paired unpaired|manual automatic|private public|
    upwards downwards|upward downward|towards away|inside outside|above below|over under|full empty|thick thin|
    tight loose|open closed|open shut|push pull|float sink|upper lower|product sum|multiply add|multiply divide|
    equal differ|equal different|equal unequal|match differ|same differ|merge split|combine split|
    join split|frequent rare|frequently rarely|frequent seldom|many few|
    signal noise|largest smallest|highest lowest|biggest smallest|longest shortest|even uneven|
    increasing decreasing|growing shrinking|rising falling|input output|ascend descend|inner outer|
    internal external|minimal maximal|everywhere nowhere|everything nothing|forwards backwards|earlier later|
    younger older|young old|rich poor|dry wet|bright dark|light dark|accept reject|attack defend|
    import export|win lose|single several|numerator denominator"""
)
SYNONYMS = _groups(
    """create produce make synthesise synthesize build generate|fake synthetic artificial counterfeit forged|
    real genuine authentic actual true|image picture photo|
    distinguish differentiate discriminate separate tell identify recognise recognize detect spot|
    remove erase eliminate delete undo|add inject insert|increase rise grow raise|
    decrease fall drop reduce shrink decline|gradually slowly progressively stepwise iteratively|
    predict estimate guess forecast|learn capture|fool trick deceive mislead cheat|start begin initial|
    random arbitrary|noise static|reverse invert backward|sample draw|distribution density|
    reconstruct recover restore rebuild|compress squeeze shrink|variety diversity diverse varied variation|
    limited few handful narrow|important relevant significant|focus attend concentrate|similar alike|
    close near nearby|map encode embed project|text language prose|assign give allocate|
    label class category|realistic lifelike convincing believable plausible|position order place location|
    parallel simultaneously concurrently once|weight importance|sequence series|large big huge|
    small little tiny|fast quick rapid|faster quicker|sharp crisp clear|blurry fuzzy smeared|stable steady|
    improve better enhance|penalise penalize punish|
    allow enable let permit|prevent avoid stop|need require|compete contest battle adversary adversarial|
    step iteration|compute calculate|whole entire all complete|classify categorise categorize sort judge|
    high higher highest|low lower lowest|large larger|small smaller|fast faster|simple simpler|fix correct repair|
    average mean|extra additional addon auxiliary|get receive obtain|give return yield output|output estimate predict|
    collapse degenerate|capture cover|miss ignore skip omit neglect|handle treat process|read process|rely depend|
    determine decide depend|contain hold include comprise consist|shift move push|imitate mimic copy resemble|
    convert translate transform turn change|memorise memorize|correct right|wrong false incorrect mistaken|
    problem issue trouble difficulty|cure remedy solution fix|ease relieve alleviate mitigate reduce|
    worker player|rival opponent adversary|reader encoder|size dimension|cost expense price|speed pace|
    mix blend combine interpolate|measure quantify gauge|suit fit match|huge enormous|
    choose pick select|see look view observe watch|sort kind type|run execute call|extra additional further|
    past beyond bypass|freeze fix|carry pass transport|draw paint|write generate|error mistake|quality fidelity|
    original existing|discard throw|number count amount|lower reduce decrease|short brief|measure score metric|
    rebuild decode|split divide|join combine merge|chance probability likely|goal aim objective|
    gaussian normal|
    new novel unseen|underlying hidden latent|condition control guide steer|prompt instruction description"""
)
PHRASES = tuple(
    (re.compile(rf"\b(?:{phrase})\b", re.IGNORECASE), word)
    for phrase, word in (
        (r"(?:goes|go|going|went) up|gets? (?:bigger|larger|higher)", "increases"),
        (r"(?:goes|go|going|went|comes) down|gets? (?:smaller|lower)", "decreases"),
        (r"(?:step|little|bit) by (?:step|little|bit)", "gradually"),
        (r"gets? rid of|takes? away", "removes"),
        (r"at the same time|all at once", "simultaneously"),
        (r"nothing (?:but|except|other than|else than)", "only"),
        (r"made[- ]up", "fake"),
        (r"(?<=look) real|(?<=looks) real|(?<=seem) real|(?<=appear) real", " realistic"),
        (r"(?:tell|tells|telling)(?= [^.;]*\b(?:from|apart)\b)", "distinguish"),
        (r"(?<!\ba )little(?= \w)", "no"),
        (r"one thousand|a thousand", "1000"),
        (r"one hundred|a hundred", "100"),
    )
)
ROLES = tuple(
    _stems(family)
    for family in (
        "generator discriminator", "encoder decoder", "forward reverse backward", "generative discriminative",
        "teacher student", "actor critic", "prior posterior", "gan diffusion vae transformer rnn cnn lstm",
    )
)  # fmt: skip
ROLE_WORDS: frozenset[str] = frozenset().union(*ROLES)
ROLE_NOUNS = _stems("job role task goal purpose aim network process model part function")
GENERIC = _stems(
    """model data process network system training method approach technique algorithm task way type kind
    feature example work help allow include base based various different new like involve provide specific
    used using make take get certain several step part result main able enable need"""
)
_NEGATIONS = """not never cannot cant dont doesnt isnt arent wont didnt wasnt couldnt neither nor unable fails
    fail hardly barely avoid avoids prevent prevents lacks lack"""
NEGATORS = _stems(_NEGATIONS) | frozenset(_NEGATIONS.split())
DIMINISHERS = _stems("low lower limited reduce reduced lose loses decrease drop poor few")
NARROW_NEGATORS = frozenset({"no", "without", "zero", "less", "fewer", "least"})
_COUNTING = """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty"""
NUMBERS = {word: str(number) for number, word in enumerate(_COUNTING.split(), 2)}
_COMMON = _stems("above over under differs few many most")  # opposites that tell nothing by themselves
_KEPT = _stems("all few same before after once different")
_DROPPED = _stems("also thus hence therefore etc instead often usually try become happen") | _stems(
    " ".join(STOPWORDS)
)


@lru_cache(maxsize=20_000)
def carries(word: str) -> bool:
    """Whether a stem carries meaning in an answer."""
    if word in _KEPT or (word in OPPOSITES and word not in _COMMON):
        return True
    if len(word) < 2 or word.isdigit() or word in NUMBERS or word in NEGATORS:
        return False
    return word not in STOPWORDS and word not in _DROPPED


@lru_cache(maxsize=100_000)
def likeness(one: str, two: str) -> float:
    """1 for the same stem, less for a synonym, another form or a slip; -1 for opposites; else 0."""
    if one == two:
        return 1.0
    if two in OPPOSITES.get(one, ()):
        return -1.0
    shorter, longer = sorted((one, two), key=len)
    if len(shorter) >= 5 and longer in (f"un{shorter}", f"non{shorter}", f"dis{shorter}", f"in{shorter}"):
        return -1.0
    if two in SYNONYMS.get(one, ()):
        return 0.9
    if one in ROLE_WORDS and two in ROLE_WORDS:
        return 0.0
    if is_slip(one, two):
        return 0.9
    if one in ROLE_WORDS or two in ROLE_WORDS:
        return 0.0
    common = next((n for n, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    return 0.8 if common >= 5 and common >= 0.6 * len(longer) else 0.0


def is_slip(one: str, two: str) -> bool:
    """Whether one word is the other with a typing mistake: distance 1 for 5 to 8 letters, 2 for more."""
    length = min(len(one), len(two))
    limit = 0 if length < 5 else 1 if length <= 8 else 2
    if not limit or abs(len(one) - len(two)) > limit or one[0] != two[0]:
        return False
    return distance(one, two) <= limit


def distance(one: str, two: str) -> int:
    """Edits from one word to the other, swapped neighbours counting as one (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(two, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
