"""What a message asks for, read from its own words: the intent, and the level at which it wants to be answered.

Rules, not a model: a wrong route costs the student a demo or a quiz that nobody asked for, and rules can be read.
"""

from __future__ import annotations

import re
from typing import Literal

from tutor.doubts import asks_evidence
from tutor.quiz_wishes import opens_quiz
from tutor.reviewing import asks_progress, asks_review
from tutor.turns import Style

Intent = Literal[
    "explain",
    "compare",
    "list",
    "check",
    "code",
    "formula",
    "summary",
    "map",
    "save",
    "evidence",
    "progress",
    "quiz",
    "demo",
    "greeting",
    "thanks",
    "help",
    "small_talk",
]
# The intents that the notes answer; the others are the program's own business.
ANSWERED: frozenset[Intent] = frozenset(("explain", "compare", "list", "check", "code", "formula"))


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


def _whole(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"^\W*(?:{'|'.join(alternatives)})\W*$", re.IGNORECASE)


# -- levels ------------------------------------------------------------------------------------------------------

_YEARS_OLD = r"[- ]?(?:years?|yr)[- ]?olds?"
_LITTLE = r"(?:very |really |small |little |young |total )*"
_AS_IF = (
    r",?\s*\b(?:(?:explain|tell|say|describe)(?: it| that| this)?(?: me)?|again)?\s*(?:to me\s*)?"
    r"(?:like|as if|as though|as)\s+(?:i['’]?m|im|i am|i were|i was|to|for|you would to"
    r"|a teacher would to)\s*(?:only\s*)?"
    r"(?:an?\s*|my\s*)?"
)
_FOR = r",?\s*\b(?:to|for|so(?: that)?|at)\s+(?:an?|my|her|his|the)?\s*"
_GETS = r"(?:\s+(?:could|can|would)?\s*(?:understands?|gets?|follows?)(?: it)?)?"
_SMALL_NUMBER = r"(?:[3-9]|three|four|five|six|seven|eight|nine)"
_WHO = r"child(?:ren)?|kids?|toddlers?|dumm(?:y|ies)|grandma"
_CHILD = rf"(?:{_SMALL_NUMBER}(?:{_YEARS_OLD})?|{_WHO}|sister|brother)\b"
_YEAR_OLD_CHILD = rf"(?:{_SMALL_NUMBER}{_YEARS_OLD}|{_WHO})\b"
_PUPIL = (
    rf"(?:1[1-7]{_YEARS_OLD}|(?:high|middle|secondary)[- ]?school(?:er|s| students?| pupils?| kids?)?"
    rf"|(?:school )?pupils?"
    r"|teen(?:ager)?s?|(?:school|ninth|tenth|eleventh|9th|10th|11th)[- ]?(?:graders?|grade|child|kids?)|year (?:9"
    r"|1[0-3])"
    r"|(?:class|group) of (?:school )?pupils)\b"
)
_LEVELS: tuple[tuple[Style, re.Pattern[str]], ...] = (
    (
        "school",
        _any(
            rf"{_AS_IF}(?:in )?(?:{_PUPIL}|1[1-7]\b)",
            rf"{_FOR}{_PUPIL}{_GETS}[.!]?",
            r",?\s*\b(?:at|on) (?:an? |my |her |his |the )?(?:high |middle |secondary )?school(?:[- ]level)?\b[.!]?",
            r"\b(?:i['’]m|i am) (?:only )?1[1-7]\b,?\s*",
            r"\bmy (?:son|daughter|brother|sister) is in (?:ninth|tenth|eleventh|9th|10th|11th) grade\b",
            r"(?:给|像给)(?:高中生|初中生|中学生)(?:讲|解释)?(?:一下)?",
            r"用?(?:高中|初中|中学)(?:生)?(?:的)?水平(?:来)?(?:讲|解释)?",
        ),
    ),
    (
        "eli5",
        _any(
            rf"{_AS_IF}{_LITTLE}{_CHILD}[.!]?",
            rf"{_FOR}{_LITTLE}{_YEAR_OLD_CHILD}{_GETS}[.!]?",
            r",?\s*\beli ?5\b[.!]?",
            r",?\s*\bin (?:very |really )?(?:simple|plain|easy|everyday) (?:words|terms|language|english)\b[.!]?",
            r",?\s*\bin lay(?:man|person)['’]?s? terms\b[.!]?",
            r",?\s*\bdumb(?:ed)?(?: it| this| that)? ?down(?: for me)?\b[.!]?",
            r",?\s*\b(?:as )?simply as (?:possible|you can)\b[.!]?",
            r"\b(?:simple|child|kid)[- ](?:friendly )?(?:explanation|version)(?: of)?\b",
            r"(?:像|当)(?:我)?(?:是)?(?:给|对)?(?:一个)?(?:五|5|六|6)岁(?:的)?(?:小?孩子?|小朋友)?(?:一样|那样)?(?:来)?(?:讲|解释|听)?(?:给我听)?",
            r"给(?:一个)?(?:[五5六6]岁的?)?(?:小孩子?|小朋友|孩子)(?:讲|解释)?(?:一下)?",
            r"用?(?:最|很)?(?:简单|通俗|大白)(?:易懂)?(?:的|地)?(?:话|语言|方式)(?:来)?(?:讲|解释|说)?(?:一下)?",
            r"(?:简单|通俗)(?:易懂)?地?(?:讲|解释|说)(?:一下)?",
        ),
    ),
    (
        "expert",
        _any(
            r",?\s*\b(?:like|as)(?: if)? (?:to |i['’]?m |i am )?(?:an expert|a researcher|a phd(?: student)?)\b[.!]?",
            r",?\s*\b(?:for|to) (?:an? )?(?:experts?|researchers?|phd(?: student)?s?|graduate students?"
            r"|specialists?)\b[.!]?",
            r",?\s*\b(?:at|on) (?:an? )?(?:expert|graduate|phd|research|advanced)[- ]level\b[.!]?",
            r",?\s*\b(?:in depth(?!-)|in (?:full|great|more) (?:technical )?detail|rigorous(?:ly)?(?: treatment)?"
            r"|mathematically)\b[.!]?",
            r",?\s*\b(?:more|very) (?:technical|rigorous|formal|advanced)(?:ly)?(?=\W*$| please)[.!]?",
            r",?\s*\bwith (?:all |full )?(?:the )?(?:math(?:s|ematics)?|mathematical rigou?r)\b[.!]?",
            r"\b(?:an? |the )?(?:expert|in-depth|rigorous|technical) (?:explanation|answer|treatment|version) of\b",
            r"\bi have a (?:phd|master['’]?s?|degree) in \w+[.,!]?\s*|,?\s*\bwithout (?:any )?hand[- ]?waving\b[.!]?",
            r"^\W*(?:go )?deeper\b|,?\s*\bi (?:already )?know the basics\b[.!]?",
            r"(?:从)?专家(?:的)?(?:角度|水平)|深入地?(?:讲|解释|说明)?(?:一下)?|严格地",
        ),
    ),
)

# -- the program's own business ----------------------------------------------------------------------------------

_GREETING = re.compile(
    r"^\W*(?:hi+|hello|hey+|hiya|good (?:morning|evening|afternoon|day)|你好|您好|嗨)(?:\b|(?=\W|$))"
    r"(?:\W*(?:there|tutor|again|all|everyone|friend|buddy|how are you(?: doing)?(?: today)?|呀|啊|老师))*\W*$",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"^(?:\W*\b(?:thanks?|thank you|thx|ty|cheers|great|cool|nice|perfect|awesome|ok(?:ay)?|got it|i see|bye|goodbye"
    r"|see (?:you|ya)|later|soon|tomorrow|now|very much|so much|a lot|that help(?:s|ed)?|for (?:the|your) help|really"
    r"|good ?night|wow|take care|that (?:was|is) (?:great|helpful|clear|all)(?: for today)?|again|makes sense"
    r"|understood"
    r"|all clear|well done|then)\b|\W*(?:谢谢|多谢|再见|拜拜|晚安|好的|明白了|懂了)(?:你|您|老师|啦|了)?)+\W*$",
    re.IGNORECASE,
)
_HELP = _any(
    r"^\W*(?:help|help me|who are you|what are you|how do you work|what do you know)\W*$",
    r"^\W*(?:(?:and|so|ok) )?what (?:else )?can you do\b(?! (?:to|with|about))|^\W*what can i (?:ask"
    r"|do here)(?: you)?\W*$",
    r"^\W*how (?:do|can|should) i use (?:you|this)\W*$|^\W*can you (?:also )?(?:do|run|make) (?:demos|quizzes)\W*$",
    r"^\W*(?:which|what) topics(?: (?:do you (?:know|cover|have)|are (?:there|covered|in (?:my|the|your) notes)"
    r"|can i ask(?: about)?))?\W*$",
    r"^\W*(?:你(?:是谁|能做什么|会(?:做)?什么|可以做什么)|怎么用(?:你)?)\W*$",
)
_FEELING = r"(?:so |really |very |a bit |kinda |too )*"
_SMALL_TALK = _whole(
    r"(?:(?:oh|haha|lol|wow|hm+|well|you know)\W+)*how are you\b.*",
    rf"(?:you are|you['’]?re|ur|u r) {_FEELING}(?:\w+ )?(?:funny|great|awesome|smart|best|cool|stupid|useless"
    rf"|helpful|kind|nice"
    r"|amazing|annoying|slow|good|bad|cute|clever|boring)\b[^.?!]{0,30}",
    rf"(?:i am|i['’]?m) {_FEELING}(?:tired|bored|hungry|stressed|nervous|happy|sad|sleepy|exhausted|excited|back"
    rf"|late|sick)\b.{{0,40}}",
    r"(?:lol|haha+|hehe|lmao|meh|hm+|yay|ugh|ouch|oops)(?:\W+\w+){0,4}",
    r"(?:who|what company) (?:made|built|created) you",
    r"are you (?:an? )?(?:robot|bot|human|person|ai|real|alive|chatgpt|sentient|conscious|there"
    r"|ok(?:ay)?)(?: or .*)?",
    r"(?:do you know|tell me) (?:a|another|any) (?:good )?jokes?.{0,20}",
    r"do you (?:like|love|have feelings|dream|sleep)\b.{0,30}",
    r"what(?:['’]s| is) your (?:name|favou?rite.*)",
    r"nice to meet you|i (?:love|like|hate) (?:you|this)(?: .{0,30})?|good luck.{0,20}|wish me luck.{0,20}",
    r"(?:i need|let['’]?s take|time for) a (?:break|coffee)\b.{0,30}|my exam is (?:tomorrow|today|soon)\b.{0,30}",
    r"你(?:真|太|好(?:厉害|棒|聪明|可爱|笨)).*|(?:我)?(?:好|太|很)(?:累|困|无聊).*|哈哈+.*|讲(?:个|一个)?笑话.*|今天(?:好|很)?(?:累|困)了?",
)
_SOME = (
    r"(?:a |an |the |some |few |another |short |new |quick |little |tiny |more |nice |easy |hard |good |couple of "
    r"|\d+ |two |three |four |five |ten )*"
)
_KINDS_OF_TEST = (
    r"(?:multiple[- ]choice |true[- ]or[- ]false |fill[- ]in(?:[- ]the)?[- ](?:gaps?|blanks?) |open |written "
    r"|short[- ]answer |matching |cloze |mcq |practice |revision |exam |test |quiz )?"
)
_QUIZ = _any(
    r"\b(?:quiz+|test|examine|grill) (?:me\b|us\b|my (?:knowledge|understanding|memory|skills?)\b|myself\b)",
    rf"\b(?:give|make|start|do|begin|create|want|have|need|like|take|try|set|prepare)(?: me| us)? (?:up )?{_SOME}"
    rf"(?:{_KINDS_OF_TEST}quiz+(?:es)?\b(?!-| program| app| score)|flash ?cards?\b|{_KINDS_OF_TEST}questions?"
    r" (?:on|about|over|from|to (?:test|check|see|practise)|for me|so i)\b"
    r"|(?:test|quiz|practice|exam|multiple[- ]choice) questions?\b)",
    r"^\W*(?:multiple[- ]choice|true[- ]or[- ]false|mcq|cloze|short[- ]answer) (?:quiz|questions?)\b",
    rf"\bask me {_SOME}{_KINDS_OF_TEST}(?:questions?|something|anything|things?)\b",
    r"^\W*(?:ok(?:ay)?,? |now |next,? )?(?:another |a |next )?quiz+\b(?!-)(?! score)",
    r"\bcheck (?:if|whether|what) i (?:really )?(?:know|learn\w+|remember\w*|understood)\b|\bhow well do i know\b",
    r"\bflash ?cards? (?:on|about|for|please)\b|\b(?:examine|interrogate) me\b",
    r"考(?:考|一考|一下)?我|测(?:试|验|一测)(?:一下)?我|给我(?:来)?(?:出|做)?.{0,6}(?:题|测验|小测|问题)",
    r"(?:来|出|做)(?:几|一|两|三|四|五|\d+)?(?:道|个)?.{0,8}(?:题|测验|小测)",
)
_NO_QUIZ = _any(
    r"^(?:how (?!well)|what|why|when|who|which|where|is|are|do(?:es)? (?!you)|did|was|were|i have|explain)\b",
    r"\b(?:not|don['’]t|no|stop|never)\b[^,.]*\b(?:quiz|test)|\bwrite\b.*\bprogram\b",
)
_OUR_TALK = (
    r"(?=.*\b(?:conversation|chat|discuss(?:ion|ed)|session|so far|today|until now|up to now|above"
    r"|we(?:['’]ve| have)?(?: just)? (?:discussed|talked|covered|learn\w+|said|did|went|had)|i(?:['’]ve"
    r"| have)? (?:learn\w+|asked)"
    r"|you(?:['’]ve| have)? (?:just )?(?:told|said|explained|taught)|(?:this|the) (?:lesson|talk|whole thing)"
    r"|our talk)\b)"
)
_SUMMARY = _any(
    r"\b(?:summ?ar(?:i[sz]e|y|ies)|sum(?:ming)? (?:it |this |that |everything )?up|recap(?:itulate)?"
    r"|wrap(?:ping)? up|go over"
    rf"|overview of|short version of|look back (?:at|on)|tl;?dr)\b{_OUR_TALK}",
    r"\b(?:what|which topics) (?:did|have|all did|all have) (?:we|i) (?:\w+ )?(?:talk\w*|discuss\w*|cover\w*"
    r"|learn\w*|ask\w*|go\w* (?:over|through))\b",
    r"^\W*(?:(?:please|now|ok(?:ay)?|can you|could you|give me|make|a|the|quick|short) )*(?:recap|summary"
    r"|summ?ari[sz]e"
    r"|sum(?: it| this| that| everything)? up|tl;?dr)(?: please| it| this| that| (?:it )?all| everything| for me"
    r"| now)*\W*$",
    r"(?:总结|概括|回顾|归纳).{0,8}(?:对话|聊天|讨论|我们|刚才|今天|内容)|^\W*(?:总结|概括|回顾)(?:一下|下)?\W*$",
    r"我们(?:刚才|今天)?(?:都)?(?:聊|讨论|说|学)(?:了|过)(?:些)?(?:什么|哪些)",
)
_MAP = _any(
    r"\b(?:concept|mind|topic|knowledge|overview)[- ]?maps?\b",
    r"\b(?:draw|show|make|give|create|sketch|want|need|see)\b.{0,20}\b(?:concept|topic"
    r"|knowledge)[- ]?(?:graph|diagram)\b",
    r"\b(?:draw|show|make|give|create|sketch)\b.{0,20}\b(?:map|graph|diagram"
    r"|picture) of (?:how )?(?:all )?(?:the |my |these )?"
    r"(?:\w+ )?(?:concepts|topics|notes|ideas|themes|terms|things|it)\b",
    r"\bhow (?:do|are|does) (?:all )?(?:the|these|those|my|all)(?: of)?(?: the)? (?:\w+ )?(?:topics|concepts"
    r"|notes|ideas|terms)\b"
    r".{0,20}\b(?:hang|fit|connect\w*|relate\w*|linked|belong|depend)\b",
    r"\b(?:which|what) (?:topics|concepts|notes|ideas?|things) (?:come|do i need|should i (?:learn|read)|depends?"
    r"|builds?)\b"
    r".{0,30}\b(?:before|first|on (?:which|what))\b",
    r"概念图|思维导图|知识(?:图谱?|地图)|关系图",
)
_ASKS_WHY = _any(
    r"^\W*(?:why|when|what|which|who|where|how (?:does|do|is|are)|should|is|are|do|does|did|can (?!you))\b"
)
_NO_MAP = _any(
    r"^\W*what(?:['’]s| is| are) (?:an? )?(?:\w+ )?(?:map|graph|diagram)s?\b",
    r"^\W*how (?:do|does|can) (?:knowledge )graphs?\b",
)
_SAVE = _any(
    r"^\W*(?:(?:please|now|ok(?:ay)?|and|great|can you|could you|would you|i want you to|i(?:['’]d"
    r"| would) like you to)\W+)*"
    r"(?:save|store|keep|export|write|turn|put|file|add)\b"
    r"(?=.{0,40}\b(?:chat|conversation|discussion|session|our talk|this|that|what we|(?:your|these|the) answers?)\b)"
    r"(?=.{0,60}\b(?:(?:study )?notes?|markdown|file|library|for later)\b)",
    r"^\W*(?:please |now |can you |could you )*save (?:this|the|our|my|it|that|all|everything)\b(?! memory)"
    r"(?:\W+(?:chat|conversation|session|talk|discussion|of|please|now))*\W*$",
    r"\b(?:make|create|write|generate)(?: me)?(?: a)? (?:study )?notes? (?:of|from|out of|about) (?:this|our|the"
    r"|what we)\b",
    r"(?:保存|存成|存为|存下|导出|记(?:成|为|到)).{0,12}(?:笔记|对话|聊天|下来)|把.{0,10}(?:对话|聊天).{0,8}(?:保存|存|导出|记)",
)

CARDS_TOLD = (
    "Cards become a file on the page, in the tab “Quiz” under “Take the cards with you”: an Anki deck, CSV, GIFT or "
    "Markdown, on the topic that you choose there. In a terminal: tutor export --format anki TOPIC."
)
"""Where the cards are to be had that a message asks for as a file."""
_CARDS = r"(?:decks?|(?:flash|quiz|anki)?[- ]?cards?|quiz questions?)\b"
_PROGRAMS = r"\b(?:anki|apkg|quizlet|moodle|gift|csv|tsv|spreadsheet|excel)\b"
_ASKING = (
    r"^\W*(?:(?:please|now|ok(?:ay)?|and|great|can you|could you|would you|can i|could i|i want(?: you)? to|i(?:['’]d"
    r"| would) like(?: you)? to|(?:how|where) (?:do|can|could|should|would) (?:i|we|you))\W+)*"
)
_CARDS_OUT = _any(
    rf"{_ASKING}(?:save|store|export|download)\b.{{0,40}}\b{_CARDS}",
    rf"{_ASKING}(?:save|store|export|download|get|give|make|create|turn|put|write|copy|move|bring|send"
    r"|i (?:want|need|have))\b"
    rf"(?=.{{0,80}}\b{_CARDS})(?=.{{0,80}}{_PROGRAMS})",
    r"(?:导出|下载|保存|存成|存为).{0,12}(?:卡片|闪卡|抽认卡|牌组|anki)|把.{0,10}(?:卡片|闪卡|抽认卡|牌组).{0,8}(?:导出|下载|保存|存)",
)
_FAILS = _whole(
    r"(?:(?:hm+|but|and|so|no|sorry|wait)\W+)*(?:it|this|that) (?:still |just |really )?"
    r"(?:(?:does|did|do|is|wo|ca)(?:n['’]?t| ?not)|will not|can ?not|never)(?: \w+)? ?(?:works?|working|run|running)"
    r"(?: at all| for me| either| any ?more| yet)?",
    r"(?:it|this|that)(?:['’]s| is) (?:still |just )?(?:broken|not working)|nothing works|doesn['’]?t work|not working",
)

# -- what the notes are asked ------------------------------------------------------------------------------------

_LIBRARY = r"(?:source|pytorch|python|numpy|torch|keras|jax)"
_CODE = _any(
    r"(?<!latent )(?<!hidden )(?<!error )(?<!binary )(?<!discrete )(?<!write the )\bcode\b(?! ?book"
    r"| of conduct| vectors?| z\b)|\bcoded up\b",
    rf"\b{_LIBRARY}[- ]?(?:code|snippet|script|program|example|implementation)\b|\bin {_LIBRARY}\b",
    r"\b(?:code )?(?:snippet|script)s?\b|\btraining loop (?:for|of|in)\b",
    r"\b(?:write|show|give|have|need|want|see|get|make)\b.{0,25}\b(?:program|script|implementation|function"
    r"|nn\.module|class|loop)\b",
    r"\b(?:how (?:do|can|would|could|to)|let['’]?s|please|can you|help me|want to) ?(?:i |we |you "
    r"|one )?(?:implement|code|program)\b",
    r"^\W*implement\b|(?<!潜在)(?<!隐)代码(?!本)|编程实现|用\s?(?:pytorch|python)\s?(?:怎么)?(?:写|实现)|怎么(?:用.{0,10})?实现",
)
_NO_CODE = _any(
    r"^\W*(?:why|who|when|what(?:['’]s| is| are| does| do) (?!the (?:\w+ ){0,3}(?:code|snippet|script)\b))",
    r"list comprehension",
)
_COMPARE = _any(
    r"\bdiff?er(?:s|ed|ing|ent from|ent than|en[ct]es?|en)?\b(?! equation)|\bdiffrences?\b|\bcompar(?:e[ds]?|ing"
    r"|ison)\b",
    r"\b(?:versus|vs\.?|related to|distinguish\w*|better than|worse than|in common|similarit(?:y|ies)|(?:in"
    r"|as) a table)\b",
    r"\brelation(?:ship)?s? (?:of|between|with|to)\b|\bcontrast(?:ed)? (?:with|to|between)\b|\btell .{1,40} apart\b",
    r"\bhow (?:is|are|does|do) .{2,60} (?:unlike|different|related?)\b",
    r"\b(?:which|what)(?: one)? (?:is|are|of the two|works?|should i)\b.{0,40}"
    r"\b(?:better|best|faster|cheaper|more|prefer|use|take)\b.{0,60}\bor\b",
    r"\bshould i (?:use|take|pick|choose|prefer|learn) .{2,40} or \b|\bor\b.{2,40}\bwhich (?:one )?(?:is|are"
    r"|should)\b",
    r"区别|差别|差异|不同(?:点|之处|在哪)?|对比|比较|(?:和|与|跟).{1,20}(?:的|有什么)?(?:关系|联系|异同)|哪个(?:更)?好",
)
_FORMULA = _any(
    r"\b(?:formula[es]?|formulas|equations?|deriv(?:e|ation)s?|proofs?|prove|closed form|in symbols)\b",
    r"\b(?:write|state|give|show)\b.{0,20}\b(?:objective|loss|elbo|bound|update rule|density"
    r"|expression)\b(?! (?:looks?|works?))",
    r"\b(?:mathematical(?:ly)?) (?:form|definition|expression|statement)\b",
    r"\bhow (?:is|are|do (?:you|i|we)) .{1,40}\b(?:calculated?|computed?)\b",
    r"公式|推导|证明|数学(?:形式|表达式?)|怎么(?:计)?算",
)
_NO_FORMULA = _any(r"^\W*(?:why|who|when)\b", r"\bprove (?:useful|helpful|wrong)\b", r"\btest-proof\b")
_THINGS = (
    r"(?:types|kinds|sorts|families|variants|ways|methods|techniques|remedies|steps|parts|components|examples"
    r"|applications"
    r"|uses|metrics|advantages|disadvantages|strengths|weaknesses|drawbacks|risks|dangers|stages|ingredients"
    r"|layers|tricks"
    r"|measures|signs|symptoms|causes|reasons|limits|limitations|versions|models|samplers|losses|tools|properties"
    r"|assumptions)"
)
_LIST = _any(
    r"^\W*(?:(?:please|can you|could you|now|ok(?:ay)?|and|so|i need you to)\W+)*(?:list|name"
    r"|enumerate)\b(?! comprehension)",
    r"\b(?:a|the|full|complete|whole) (?:short )?list of\b(?! tokens| numbers| comprehension)|^\W*(?:only"
    r"|just) the names\b",
    rf"\bgive me (?:all|the|some|a few|\w+) (?:the )?{_THINGS}\b",
    rf"\b(?:what|which) (?:are (?:the |all |some |other )*(?:\w+ ){{0,3}}|(?:other |different |main "
    rf"|all )*){_THINGS}\b",
    rf"\bhow many {_THINGS} (?:of|are|does|do|exist)\b|\bwhich (?:\w+ ){{0,3}}\w+s (?:are|do|can|exist|have|does)\b",
    r"(?:有|是|包括|包含)(?:哪些|哪几(?:种|个)|几(?:种|类))|哪些|列(?:出|举)",
)
_TAG = _any(
    r"(?:,|\.|\?|;|\s-|\s)\s*(?:right|correct|true or false|agree|yes|yeah|no|am i right|or (?:not|am i wrong)"
    r"|is (?:that|this|it) (?:right|correct|true|so|it|how it works)|isn['’]?t (?:it|that|he|she)|aren['’]?t they"
    r"|doesn['’]?t it"
    r"|don['’]?t they|did i get (?:that|it|this) right|do i have (?:that|it) right)\s*[?!.]*$",
    r"(?:对(?:吗|吧|不对|么)|是(?:这样|不是)?(?:吗|吧|么)|没错吧|正确吗)\W*$",
)
_START = r"^\W*(?:(?:ok(?:ay)?|so|wait|hmm+|ah|but|and|well|oh|then|now)\W+)*"
_CLAIMS = _any(
    rf"{_START}(?:do )?you mean\b(?! by)|{_START}(?:does|would) (?:this|that|it) mean\b"
    rf"|{_START}(?:so )?you(?:['’]?re| are) saying",
    rf"{_START}(?:so )?basically\b|{_START}if i (?:have )?(?:understand|understood|got|get|remember|read|see"
    rf"|am not (?:wrong|mistaken))\b",
    rf"{_START}i (?:think|thought|believe|guess|assumed?|suppose|understand|understood|gather|always thought"
    rf"|was told|heard|read)\b"
    r"(?! (?:i|you|we should|about|the notes on)\b)",
    rf"{_START}(?:in )?my understanding\b|{_START}the way i (?:see|understand)|\blet me (?:check|see) (?:if|whether)",
    rf"\blet me test my understanding:|{_START}(?:is it|it is) (?:true|correct|right|a fact|fair to say) that",
    rf"{_START}(?:is )?(?:this|the following)(?: statement)? (?:right|correct|true)|\bcorrect me if|\bam i right\b",
    r"\bcheck (?:my|this) (?:understanding|statement|claim)|\btrue or false\b(?! (?:questions?|quiz|items?)\b)",
    r"^\W*(?:我(?:觉得|认为|以为|理解|的理解)|你的意思是|也就是说|所以说?|是不是说|如果我没理解错)",
)
_DECLARES = re.compile(
    r"^\W*(?:so|ok(?:ay)? so|but|then|ah so|hmm so)\W+(?!what|how|why|who|which|when|where|can|could|is|are|does"
    r"|do|did|should"
    r"|would|will|if|now|explain|tell|show|give)"
    r".*\b(?:is|are|means?|always|never|just|only|simply|does(?:n['’]t)?|do(?:n['’]t)?|has|have|learns?|uses?"
    r"|needs?|makes?)\b",
    re.IGNORECASE,
)
_ASKS_WH = _any(r"\b(?:what|how|why|which|who|when|where)\b[^.?!]*\?\s*$", r"什么|怎么|为什么|如何")
_NO_CLAIM = _any(
    r"\bi (?:think|guess|believe|suppose) (?:i|it['’]?s time|we|you)\b",
    r"\bi (?:understand|understood|get|read|heard) (?:nothing|that you)\b",
)


def level_of(text: str) -> tuple[Style | None, str]:
    """The level that a message asks for, None when it names none, and the message without those words."""
    for level, pattern in _LEVELS:
        if pattern.search(text):
            return level, " ".join(pattern.sub(" ", text).split()).strip()
    return None, text


def is_quiet(text: str) -> bool:
    """Whether a message is nothing but a greeting or thanks."""
    return bool(_GREETING.match(text) or _THANKS.match(text))


def says_it_fails(text: str) -> bool:
    """Whether a message says that something does not work, and not what."""
    return bool(_FAILS.match(text))


def intent_of(text: str, asks_demo: bool = False) -> Intent:
    """What a message asks for, by its own words.

    Args:
        text: the message without the words that set a level.
        asks_demo: whether it asks to see a demo.
    """
    if _GREETING.match(text):
        return "greeting"
    if _HELP.search(text) or says_it_fails(text):
        return "help"
    if asks_evidence(text):
        return "evidence"
    if asks_review(text):
        return "quiz"
    if asks_progress(text):
        return "progress"
    if _SUMMARY.search(text):
        return "summary"
    if takes_cards(text) or (_SAVE.search(text) and not _ASKS_WHY.search(text)):
        return "save"
    if _MAP.search(text) and not _NO_MAP.search(text):
        return "map"
    if opens_quiz(text):
        return "quiz"
    if _QUIZ.search(text) and not _NO_QUIZ.search(text) and not states_understanding(text):
        return "quiz"
    if asks_demo:
        return "demo"
    if _THANKS.match(text):
        return "thanks"
    return "small_talk" if _SMALL_TALK.match(text) else _asked_of_the_notes(text)


def takes_cards(text: str) -> bool:
    """Whether a message asks for the cards of the notes as a file: "export the deck for Anki", "save these cards"."""
    return bool(_CARDS_OUT.search(text))


def _asked_of_the_notes(text: str) -> Intent:
    """How the notes are asked: a statement to check, code, a formula, a comparison, a list or an explanation."""
    if states_understanding(text):
        return "check"
    if _CODE.search(text) and not _NO_CODE.search(text):
        return "code"
    if _COMPARE.search(text):
        return "compare"
    if _FORMULA.search(text) and not _NO_FORMULA.search(text):
        return "formula"
    return "list" if _LIST.search(text) else "explain"


def states_understanding(text: str) -> bool:
    """Whether a message states something to be checked: "so X is just Y, right?", "do you mean that ...?"."""
    if _NO_CLAIM.search(text):
        return False
    claims = bool(_CLAIMS.search(text))
    if _TAG.search(text) and not _ASKS_WH.search(_TAG.sub("?", text)):
        return claims or len(text.split()) >= 4 or bool(re.search(r"[\u3400-\u9fff]{6}", text))
    return (claims or bool(_DECLARES.search(text))) and not _ASKS_WH.search(text)
