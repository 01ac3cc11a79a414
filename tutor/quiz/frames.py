"""The words around what a note says, in the note's own language: English, or Chinese for a Chinese fact."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tutor.chinese import CJK
from tutor.quiz.items import Item

_LETTERS = re.compile(r"[^\W\d_]")
_SHARE = 0.3  # of the letters of a fact that are Chinese characters, from which on it counts as Chinese

# English -> Chinese; the names in braces are the same in both.
CHINESE: Mapping[str, str] = {
    "The note says: “{quote}”": "笔记里说：“{quote}”",
    # hints
    "Look in your note “{note}” at “{part}”.": "请看你的笔记“{note}”中的“{part}”。",
    "Look in your notes at “{part}”.": "请看你的笔记中的“{part}”。",
    "Look in your note “{note}”.": "请看你的笔记“{note}”。",
    "Read again what your note says.": "请再读一遍笔记里的话。",
    "Around it the notes say: “{quote}”": "笔记里相关的话：“{quote}”",
    "The answer has {n} words.": "答案约有{n}个词。",
    "The answer has 1 word.": "答案只有一个词。",
    "It asks for a number.": "问的是一个数。",
    "It asks for a name.": "问的是一个名称。",
    "It asks for a formula.": "问的是一个公式。",
    "It asks for a reason.": "问的是原因。",
    "It asks for yes or no, and why.": "问的是“是”还是“不是”，以及为什么。",
    "It asks what sets things apart.": "问的是几者的区别。",
    "It asks for several things: {n}.": "问的是几样东西：共{n}样。",
    "It asks how something is done or comes about.": "问的是怎样做到的，或怎样发生的。",
    "It asks what something is: of which kind, and what sets it apart.": "问的是它是什么：属于哪一类，有什么特点。",
    "It asks what happens, or what something does.": "问的是会发生什么，或它起什么作用。",
    "It asks what is true of this; the others belong to something else.":
        "问的是哪一句说的是它；其余的说的是别的东西。",
    "It asks for one of the options.": "问的是选项中的一个。",
    "It asks whether the note says this.": "问的是笔记里是不是这样说的。",
    "It asks which belongs to which.": "问的是哪个和哪个相配。",
    "It asks what comes before what.": "问的是先后顺序。",
    "It asks for an answer in a few words.": "请用几个词回答。",
    "It asks where the statement goes wrong.": "问的是这句话错在哪里。",
    "It is not {letters}.": "不是{letters}。",
    "The right one ends with “{sign}”.": "正确的选项以“{sign}”结尾。",
    "Of one that is wrong: {why}": "其中一个错误选项：{why}",
    "{letter} does not come first.": "第一个不是{letter}。",
    "{place} does not go with {letter}.": "{place}不配{letter}。",
    "The notes say of it too: “{quote}”": "笔记里还说到它：“{quote}”",
    "Say first, in the notes' words, what the beginner asks about.": "先用笔记里的词说出初学者问的是什么。",
    "Weigh each of its {n} words: one may be wrong.": "请逐个检查它的{n}个词：可能有一个不对。",
    "The word to weigh is “{word}”: is that what the note says?": "请想一想“{word}”这个词：笔记里是这样说的吗？",
    "{letter} comes first.": "第一个是{letter}。",
    "{letter} comes first, then {next}.": "第一个是{letter}，然后是{next}。",
    "{place} goes with {letter}": "{place}配{letter}",
    "It is one word of {many}.": "是一个词，共{many}。",
    "It is two words of {many}.": "是两个词，共{many}。",
    "It begins with {begins}, of {many}.": "以{begins}开头，共{many}。",
    "1 letter": "1个字",
    "{n} letters": "{n}个字",
    "{one} or {other}": "{one}或{other}",
    "{one} and {other}": "{one}和{other}",
    "The answer begins: “{begun} …”": "答案的开头是：“{begun} …”",
    "The formula begins with ${left} =$.": "公式的开头是 ${left} =$。",
    "The first gap is a formula.": "第一个空是一个公式。",
    "The gap begins with “{sign}” and has {n} letters.": "这个空以“{sign}”开头，共{n}个字。",
    "Before the decimal point it has {n} digits.": "小数点前有{n}位数字。",
    "Before the decimal point it has 1 digit.": "小数点前有一位数字。",
    "It is {bounds}.": "它{bounds}。",
    "The first is {sign}.": "第一位是{sign}。",
    "below 1": "小于1",
    "1 to 5": "在1和5之间",
    "above 5": "大于5",
    "That was the last hint. ": "这是最后一个提示了。",
    # feedback
    "Right. {witness}": "对。{witness}",
    "Right. {witness} You could add: {more}.": "对。{witness}还可以补充：{more}。",
    "Right as far as it goes. I do not find in your answer: {lacks}. {witness}":
        "对，但还不全。你的回答里没有找到：{lacks}。{witness}",
    "Right, that means the same. {witness}": "对，意思一样。{witness}",
    "You have this part: {said}. ": "你说到了：{said}。",
    "You have a part of this: {said}. ": "你说到了其中一部分：{said}。",
    "Some of it is there. ": "说到了一部分。",
    "Missing: {lacks}. ": "还缺：{lacks}。",
    "Your answer goes against this: {denied}. ": "你的回答和这句话相反：{denied}。",
    "Partly. {told}{witness}": "部分正确。{told}{witness}",
    "I cannot tell from your words. Compare them with the note and judge for yourself. {witness}":
        "从你的话里看不出来。请和笔记对照，自己判断。{witness}",
    "I cannot tell from your words. I do not find in them: {lacks}. Compare them with the note and judge for yourself. "
    "{witness}": "从你的话里看不出来，也没有找到：{lacks}。请和笔记对照，自己判断。{witness}",
    "I read English and Chinese, and this seems to be another language. Answer in one of the two, or compare your "
    "words with the note and judge for yourself. {witness}":
        "我能读英文和中文，这似乎是另一种语言。请用这两种语言之一回答，或者和笔记对照，自己判断。{witness}",
    "That asks something and is no answer. Answer in your own words, or say “I don't know”.":
        "这是一个问题，不是回答。请用自己的话回答，或者说“不知道”。",
    "Not quite. {told}{witness}": "不太对。{told}{witness}",
    "Your answer does not say what the note says. ": "你的回答和笔记里说的不一样。",
    "Right: {key}. {witness}": "对：{key}。{witness}",
    "Partly. The word is “{key}”. {witness}": "部分正确。答案是“{key}”。{witness}",
    "Partly. Missing: “{lacks}”. The word is “{key}”. {witness}":
        "部分正确，还缺“{lacks}”。这个词是“{key}”。{witness}",
    "Not quite. The word is “{key}”. {witness}": "不太对。这个词是“{key}”。{witness}",
    "Not quite. The answer is {key}. {witness}": "不太对。答案是{key}。{witness}",
    "Not quite: a number is asked for. The answer is {key}. {witness}":
        "不太对：问的是一个数。答案是{key}。{witness}",
    "I cannot tell from your words. The answer is {key}. {witness}":
        "从你的话里看不出来。答案是{key}。{witness}",
    "That names none of the options. Answer with a letter of {letters}.":
        "这不是任何一个选项。请用{letters}中的一个字母回答。",
    "That names none of the options. Answer with one of {letters}.":
        "这不是任何一个选项。请用{letters}中的一个回答。",
    "Give each number from 1 to {n} one letter of {letters}, such as 1{first}.":
        "请给1到{n}的每个数配上{letters}中的一个字母，例如1{first}。",
    "Give each of {letters} once, in the right order.": "请按正确的顺序写出{letters}，每个一次。",
    "Right: {answer}": "对：{answer}",
    "Not this one. The answer is {answer}": "不是这个。答案是：{answer}",
    "No harm in that. The answer is: {answer}": "没关系。答案是：{answer}",
    "Skipped. The answer is: {answer}": "已跳过。答案是：{answer}",
}  # fmt: skip


def is_chinese(text: str) -> bool:
    """Whether a text is written in Chinese, names in Latin letters or not."""
    signs = sum(len(run) for run in CJK.findall(text))
    return signs > 0 and signs >= _SHARE * len(_LETTERS.findall(text))


def framed(item: Item, frame: str, **slots: object) -> str:
    """A frame in the language of an item's fact, filled in.

    Args:
        frame: in English, with names in braces; a key of `CHINESE` where it may stand around a Chinese fact.
    """
    return (CHINESE[frame] if is_chinese(item.citation.quote or item.fact) else frame).format(**slots)


def listed(item: Item, frame: str, parts: Sequence[str]) -> str:
    """One part, or two in a frame with {one} and {other}."""
    return framed(item, frame, one=parts[0], other=parts[1]) if len(parts) == 2 else "".join(parts)


def quoted(item: Item, quote: str) -> str:
    """A sentence as what the note says."""
    return framed(item, "The note says: “{quote}”", quote=quote)
