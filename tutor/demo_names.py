"""What students call the demos, and what else they wish of them: a list, another run, a comparison of runs.

English and Chinese. Patterns, not a model: a demo nobody asked for costs the student half a minute.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tutor.words import content_words


def _any(*alternatives: str) -> re.Pattern[str]:
    # By ASCII alone a Latin word also ends where a Chinese one begins.
    return re.compile("|".join(alternatives), re.IGNORECASE | re.ASCII)


_GAN = r"(?<![a-z])gans?(?![a-z])"
_DIGITS = r"\b(?:digits?|handwrit\w*|mnist|numerals?)\b|数字|手写"
# The most specific first: the first that a message holds is meant.
_NAMES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("fine-tuning", _any(
        r"\bfine[- ]?tun(?:e[sd]?|ing)\b", r"\bq?lora\b", r"\blow[- ]rank[- ]adapt\w*", "微调|低秩适[配应]"
    )),
    ("pretrained", _any(r"\bpre-?trained\b", r"\b(?:bundled|saved|ready[- ]made) weights\b", "预训练")),
    ("mode-collapse", _any(r"\bmode[- ]collaps\w*", r"\bcollapsing (?:generator|gan)", "模式(?:崩[溃塌]|坍塌)")),
    ("cyclegan", _any(
        r"\bcycle[- ]?gans?\b", r"\bcycle[- ]consisten\w*", r"\bunpaired\b", r"\bdye\w* (?:the |their )?hair\b",
        r"\bhair colou?r\b", r"\bblonde?\b", "循环(?:一致|生成|对抗|GAN)", "染发|发色|金发",
    )),
    ("conditional-gan", _any(
        r"\bc[- ]?gans?\b", r"\b(?:class[- ])?condition(?:al|ed)[- ](?:gans?|gen\w+)", "条件.{0,4}(?:对抗|GAN)"
    )),
    ("dcgan-digits", _any(
        r"\bdc[- ]?gans?\b", rf"\bconvolutional (?:{_GAN}|generator)", rf"{_GAN}.{{0,25}}(?:{_DIGITS})",
        rf"(?:{_DIGITS}).{{0,12}}{_GAN}", "卷积.{0,4}(?:GAN|对抗)",
    )),
    ("latent-diffusion", _any(
        r"\blatent[- ](?:space )?diffusion\b", r"\bstable diffusion\b", r"\bdiffusion\b.{0,20}\b(?:latents?|faces?)\b",
        r"\bfaces?\b.{0,20}\bdiffusion\b", "(?:潜|隐)[^扩]{0,4}扩散", "稳定扩散",
    )),
    ("digit-diffusion", _any(
        rf"\b(?:diffusion|denois\w*)\b.{{0,30}}(?:{_DIGITS})", rf"(?:{_DIGITS}).{{0,30}}\b(?:diffusion|denois\w*)",
        r"\bguidance\b", r"\bcfg\b", "扩散.{0,6}(?:数字|手写)", "(?:数字|手写).{0,6}扩散", "引导",
    )),
    ("face-vae", _any(r"\b(?:beta-?)?vaes?\b", r"\bauto-?encoders?\b", r"\bface[- ]space\b", "自编码")),
    ("generative-vs-discriminative", _any(
        r"\bgenerative\b.{0,15}\bdiscriminative\b", r"\bdiscriminative\b.{0,15}\bgenerative\b", r"\bnaive bayes\b",
        r"\blogistic regression\b", "生成.{0,6}判别", "判别.{0,6}生成", "朴素贝叶斯", "逻辑回归",
    )),
    ("metrics-lab", _any(
        r"\bmetrics?(?:[- ]lab)?\b", r"\bfid\b", r"\bfr[eé]chet\b", r"\binception score\b", r"\bmeasures on trial\b",
        "指标",
    )),
    ("self-attention", _any(r"\b(?:self[- ])?attention\b", "注意力")),
    ("tokens", _any(
        r"\btoken\w*", r"\bbpe\b", r"\bbyte[- ]pair\b", r"\bperplexity\b", r"\bn-?grams?\b", "分词|词元|困惑度"
    )),
    ("tiny-transformer", _any(
        r"\btransformers?\b", r"\b(?:nano|mini)?-?gpt\b", r"\blanguage models?\b", r"\bdecoder[- ]only\b", "语言模型",
    )),
    ("diffusion-2d", _any(r"\b(?:diffusion|denoising|flow matching)\b", "扩散")),
    ("gan-2d", _any(_GAN, r"\b(?:generator|discriminator|adversarial)\b", "对抗网络")),
    ("face-vae", _any(r"\bfaces?\b", "人脸")),
)  # fmt: skip
# Where one is not there: what shows the most of the same.
_NEAREST = {
    "fine-tuning": ("pretrained", "tiny-transformer"),
    "pretrained": ("digit-diffusion", "tiny-transformer"),
    "mode-collapse": ("gan-2d",),
    "cyclegan": ("conditional-gan", "dcgan-digits", "gan-2d"),
    "conditional-gan": ("dcgan-digits", "gan-2d"),
    "dcgan-digits": ("conditional-gan", "gan-2d"),
    "latent-diffusion": ("digit-diffusion", "face-vae", "diffusion-2d"),
    "digit-diffusion": ("latent-diffusion", "diffusion-2d"),
    "face-vae": ("latent-diffusion", "diffusion-2d"),
    "self-attention": ("tiny-transformer", "tokens"),
    "tiny-transformer": ("self-attention", "tokens"),
    "tokens": ("tiny-transformer", "self-attention"),
    "metrics-lab": ("gan-2d", "diffusion-2d"),
    "generative-vs-discriminative": ("gan-2d",),
    "diffusion-2d": ("digit-diffusion", "latent-diffusion"),
    "gan-2d": ("mode-collapse", "dcgan-digits"),
}
# "Show me the metrics" asks for words: these want a verb that asks for a run, or the word demo.
_SHY = ("metrics-lab", "tokens", "generative-vs-discriminative", "pretrained")

_VERB = re.compile(
    r"^(?:please |now |ok(?:ay)?,? |can you |could you |would you |i want to |i'd like to |let me |let's )*"
    r"(show|run(?!(?: me| us)? (?:through|down))|start|launch|train|demo(?:nstrate)?|watch|(?<!^)see"
    r"|simulate)\b(?: me\b)?",
    re.IGNORECASE,
)
_STRONG = ("run", "start", "launch", "train", "simulate", "demo", "demonstrate")
_DEMO_WORD = re.compile(
    r"\b(?:demos?|training|train|live|in action|running|simulation|2-?d|learning)\b", re.IGNORECASE
)
_NO_DEMO = re.compile(
    r"\b(?:how|what|why|which|who|that|whether|difference|formulas?|equations?|code|loss|maths?|definition"
    r"|derivation|proof"
    r"|papers?|notes?|architecture|pytorch|implementation|advantages|types|kinds|questions?|examples?|my|our"
    r"|me to|to (?:understand|learn)|dynamics)\b",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    r"演示(?!什么|哪些|列表)|(?:跑|运行|训练)(?:一下|一个|个|一遍)|(?:现场|实时).{0,6}(?:看|训练)",
    re.IGNORECASE,
)
_NAMES_DEMO = re.compile(r"\bdemos?\b", re.IGNORECASE)
_SETTINGS = re.compile(
    r"[,;]?\s*\b(?:with|using|at|and|but)\b[^,;]*(?:\d|=|\bloss\b|\b(?:quick|long|normal)\b).*$",
    re.IGNORECASE,
)
# Whose cards are learned is a setting too: "my" says here who they belong to.
_CARDS = re.compile(
    r"\b(?:on|with|using|from|of) (?:(?:all|some) )?(?:of )?(?:my|our|the)(?: own)? (?:flash)?cards\b.*$",
    re.IGNORECASE,
)
_IT = r"(?:it|that|this|(?:the )?(?:same|last|previous)(?: (?:demo|run|one|thing))?)"
_WITH = r",? (?:but |and |now )*(?:with|using|at|on|without|for|seed|quick|long)\b.*"
_AGAIN = re.compile(
    r"^(?:please |now |ok(?:ay)?,? |can you |could you |let's )*"
    rf"(?:(?:run|start|launch|simulate|show|do|try|train|play)(?: me)? {_IT}(?: again| once more| now| live| to me)*"
    rf"|re-?run(?: {_IT})?|repeat (?:it|that|the (?:last )?(?:demo|run)))"
    rf"(?: please)?(?:{_WITH}|\W*)$|^再(?:跑|运行|训练|演示|来)(?:一次|一遍|一下)",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"^\W*(?:and |so )?(?:which|what)(?: kinds? of| other)? demos?(?:nstrations?)?\b"
    r"(?!.*\b(?:show|teach|prove|mean)s?\b)|^\W*(?:please )?(?:list|show)(?: me)?(?: all| the| your| of)* demos\W*$"
    r"|^\W*(?:the |all |your |list of )*demos\W*$|\bwhat can you (?:show|demo|demonstrate|train)(?: me| us| live)*\W*$"
    r"|^\W*(?:are there|do you have)(?: any| other| more)* demos?\b"
    r"|(?:有|列出)(?:哪些|什么|所有)?(?:的)?演示|(?:可以|能)(?:给我)?(?:演示|展示)(?:些)?(?:什么|哪些)|演示(?:什么|列表|哪些)",
    re.IGNORECASE,
)
_COMPARE = re.compile(
    r"\bcompare\b.{0,25}\bruns\b|\b(?:difference|compare)\b.{0,30}\b(?:last|previous|these|two|both)\b.{0,12}\b"
    r"(?:runs|demos)\b|(?:比较|对比).{0,8}(?:运行|两次|结果)",
    re.IGNORECASE,
)
_UNASKED = re.compile(
    r"\bwithout (?:asking|(?:a |any )?predict\w*|(?:a )?guess\w*)\b"
    r"|\b(?:stop|no more|do not|don['’]?t|never)\b.{0,12}\b(?:ask\w*|predict\w*)\b"
    r"|直接(?:跑|运行)|不(?:用|要)(?:问|预测)",
    re.IGNORECASE,
)
_ASK_ME = re.compile(r"\bask me (?:first|again|before|to predict|for)\b|先(?:问|预测)", re.IGNORECASE)
_GENERIC = frozenset(
    content_words(
        "demo demos show something some anything any live training train model models one cool nice simple small short "
        "quick long action running simulation learning work works please now here example thing good interesting"
    )
)


def named_demo(text: str) -> tuple[str, str]:
    """The demo that a text speaks of and the words that name it; two empty strings where it names none."""
    for name, pattern in _NAMES:
        if found := pattern.search(text):
            return name, found.group()
    return "", ""


def asked_demo(text: str, last_topic: Callable[[], str] = str) -> tuple[str, str]:
    """The demo that the student's own words ask to run and what it is about; a question about training asks for
    none.

    Args:
        last_topic: what the talk was about before, asked where the words name no demo.

    Returns:
        A demo's name, or in its place the words for something that no demo shows; and the words that name it.
    """
    if _CHINESE.search(text):
        return named_demo(text)
    verb = _VERB.match(text)
    if asks_again(text):
        return named_demo(last_topic())
    if not verb:
        return "", ""
    rest = text[verb.end() :]
    name, words = named_demo(rest)
    asked = _SETTINGS.sub("", _CARDS.sub("", rest) if name == "fine-tuning" else rest)
    if _NO_DEMO.search(asked):
        return "", ""
    if not name:
        return _unnamed(text, asked, last_topic) if _NAMES_DEMO.search(text) else ("", "")
    strong = verb.group(1).lower() in _STRONG or bool(_DEMO_WORD.search(rest))
    short = len(content_words(asked)) <= 1 + max(1, len(content_words(words)))
    return (name, words) if strong or (short and name not in _SHY) else ("", "")


def _unnamed(text: str, rest: str, last_topic: Callable[[], str]) -> tuple[str, str]:
    """What "show me a demo" asks for: that of the last topic, else a GAN; something else keeps its words."""
    other = [word for word in re.findall(r"[\w-]+", rest.lower()) if set(content_words(word)) - _GENERIC]
    if other:
        return " ".join(other)[:40], " ".join(other)[:40]
    found = named_demo(last_topic())
    return found if found[0] else ("gan-2d", "GAN")


def nearest_demo(name: str, there: list[str]) -> str:
    """Of the demos that are there the one that shows most of what `name` shows; empty where none is near."""
    return next((near for near in _NEAREST.get(name, ()) if near in there), "")


def asks_again(text: str) -> bool:
    """Whether a message asks for the last demo once more, as it was or with other settings."""
    return bool(_AGAIN.match(text.strip()))


def asks_for_list(text: str) -> bool:
    """Whether a message asks which demos there are."""
    return bool(_LIST.search(text))


def asks_to_compare(text: str) -> bool:
    """Whether a message asks to see the last two runs side by side."""
    return bool(_COMPARE.search(text))


def wants_prediction(said: list[str]) -> bool:
    """Whether the student wants to be asked for a prediction before a run, by all that was said, oldest first."""
    for text in reversed(said):
        if _UNASKED.search(text):
            return False
        if _ASK_ME.search(text):
            return True
    return True
