"""The words by which a question is understood, in one place: a rule answers only if nothing else is left over.

`plain` brings a question into one spelling; each list holds words of one use, and `understood` tells whether a text
consists of them.
"""

from __future__ import annotations

import re

_SPELLED = (
    (r"[’`´]", "'"), (r"\bwot\b", "what"), (r"\bwiv\b", "with"), (r"\bu\b", "you"), (r"\brh?yth?e?m\b", "rhythm"),
    (r"\ba[ -]?fib\b", "afib"), (r"\bwhat'?s\b", "what is"), (r"\b(it|that|there|he|she|how|where|who)'s\b", r"\1 is"),
    (r"\bi'm\b", "i am"), (r"\bi've\b", "i have"), (r"n't\b", " not"), (r"\bpls\b|\bplz\b", "please"),
    (r"\bekgs?\b", "ecg"), (r"kalem", "kalaem"), (r"\bartifact", "artefact"),
    (r"([<>])\s*=?\s*(?=\d)", r" \1 "), (r"(?<!\d)[.,]|[.,](?!\d)", " "),
    (r"[?!;:()\"“”]", " "),
)  # fmt: skip


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


GRAMMAR = word_set(
    """
    a an the this that these those it its he she they i you we me my his her their our one ones is are was were be been
    am do does did has have had having can could will would may might i'd s what which who how there here and or if
    whether in on of at for with from to by as about please tell give show shows showing shown see seen say said look
    looks looking like find found check name list read reading measure measured describe identify know any some also
    just really actually now then so ok okay hi hello hey kindly let us think believe would you me
    """
)
"""Words that carry no meaning of their own."""
RECORDING = word_set(
    """
    ecg ecgs electrocardiogram ecg's recording recordings record tracing tracings trace traces strip cardiogram
    excerpt patient patients patient's person man woman lady gentleman heart rhythm beat beats lead leads
    case guy chap
    """
)
"""What is looked at."""
EVIDENCE = word_set(
    """
    sign signs evidence suggest suggests suggestive suggestion indicate indicates indication feature features pattern
    patterns present presence visible possible possibly probable probably likely reveal demonstrate display contain got
    compatible consistent diagnose call called real true detect detected hint hints suspicion suspicious picture
    recognised recognized point points noticed detectable criteria meet meets fulfil fulfils diagnostic anywhere all
    """
)
"""Words by which a finding is looked for."""
JUDGING = word_set(
    """
    normal abnormal ok okay fine good within outside range ranges limit limits kept should value values much many right
    long prolonged wide widened broad short shortened narrow fast rapid slow high low big large small deep tall flat
    flattened above below over under between increased decreased raised elevated reduced too enough very quite a bit
    slightly mildly severely deviated deviation deviate left extreme number numbers reference upper lower acceptable
    borderline healthy abnormality abnormalities abnormally compare compared exact exactly roughly approximately
    """
)
"""Words that judge a measured number."""
MEASURING = word_set(
    """
    interval intervals duration length width time times measurement measurements numeric features ms millisecond
    call among milliseconds mv millivolt minute min per degrees degree calculate report come fall falls lies lie into rr
    regular irregular regularly regularity pulse off judge print complex complexes wave waves segment amplitude
    """
)
"""Words that go with a measured number."""
WORRYING = word_set(
    """
    worry worried worries worrying worrisome concern concerned concerning concerns dangerous dangerously danger
    safe serious bad risk risky alarming alarmed matter problem problems trouble important significant significance
    relevant clinically be should need something anything wrong
    """
)
"""Words that ask whether something matters."""
DOING = word_set("i my we need do go going back still today now immediately right away")
"""Words of a decision."""
LOOKED_FOR = word_set(
    """
    elevation elevations elevated depression depressed shift deviation changes change leads where greatest most largest
    highest worst pathological pathologic inverted inversion inversions negative upside down peaked hyperacute tented
    biphasic upright positive deepest tallest morphology shape any new acute it segment segments significant
    """
)
"""Words that go with waves."""
RELATING = word_set(
    """
    ecgs true how many number other others first second third fourth fifth sixth last latest earlier previous prior
    later latter current recent compared comparison contrast opposed among both two three four five six 1 2 3 4 5 6
    since only newly new appeared appear appears disappear
    unchanged agree long when start started begin began no longer
    not none neither nor resolved gone disappeared vanished remained remain remains
    remaining still stayed stay persist persists persistent persisted lacks lack lacking lacks unlike common share
    shared than but ago same absent missing free without alone become became turned turn returned back left did come
    came up between again already yet went away never ever where each every per them
    """
)
"""Words by which several ECGs are set in relation."""
COMPARING = word_set(
    """
    change changed changes changing compare comparing difference differences differ differs different finding findings
    over time develop developed development course go through order went against before after summarise summarize
    follow these side happened evolution evolve evolved evolving trend trends progress progressed progression
    """
)
"""Words that ask for the changes between ECGs."""
CHOOSING = word_set("which two fits better decide between choose either more likely both rather than just only")
"""Words that ask for one of two."""
_CONTEXT = word_set(
    """
    chest pain pains syncope collapse collapsed faint fainted fainting palpitation palpitations dizzy dizziness
    breathless breathlessness dyspnoea dyspnea shortness breath sob tired fatigue nausea sweating asymptomatic preop
    preoperative routine check checkup screening history known hypertension hypertensive diabetic diabetes smoker old
    year years yo y m f male female boy girl aged age since for two three days day weeks week hours hour this morning
    today yesterday night last after before during exercise sport athlete admitted admission presents presenting came
    complains complaining of felt feels well unwell ed er ward clinic with without no in on and from his her my father
    mother husband wife friend medication
    """
)
_AGE = re.compile(r"\b\d{1,3} ?(?:m|f|yo|y o|years?|year old|yrs?|days?|weeks?|hours?|h)?\b")
_QUESTION = re.compile(
    r"\b(?:what|which|how|why|where|when|who|is|are|was|does|do|did|can|could|should|would|any|tell|explain|report)\b"
)


def plain(question: str) -> str:
    """A question in lower case and one spelling, without punctuation between its words."""
    text = question.lower()
    for pattern, instead in _SPELLED:
        text = re.sub(pattern, instead, text)
    return " ".join(text.split())


def lists() -> frozenset[str]:
    """The words of all lists."""
    return frozenset().union(*(value for value in globals().values() if isinstance(value, frozenset)))


def understood(text: str, *lists: frozenset[str]) -> bool:
    """Whether a text consists of words of these lists."""
    return set(re.findall(r"[\w'<>]+", text)) <= frozenset().union(*lists)


def without_context(question: str) -> str:
    """A question without the sentences before it that only tell of the patient ("72F, syncope this morning.")."""
    parts = [part for part in re.split(r"(?<=[.:!,])\s+", question.strip()) if part]
    known = GRAMMAR | RECORDING | _CONTEXT

    def only_tells(part: str) -> bool:
        return not _QUESTION.search(part.lower()) and understood(_AGE.sub(" ", plain(part)), known)

    while len(parts) > 1 and only_tells(parts[0]):
        parts.pop(0)
    return " ".join(parts)


_BRIEFLY = re.compile(
    r"(?<=[.?!])\s+(?:answer briefly|short answer|keep it short|(?:just|only) (?:the answer|yes or no)|in a few words"
    r"|be brief|as short as you can|briefly|yes or no)(?:,? please)?[.!?]?$", re.IGNORECASE,
)  # fmt: skip


def without_wish(question: str) -> str:
    """A question without the wish for a short answer behind it; the evidence answers shortly anyway."""
    return _BRIEFLY.sub("", question.strip())
