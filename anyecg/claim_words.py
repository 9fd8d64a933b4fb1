"""What a text claims about measurements in words: "the PR is prolonged", "normal axis", "three PVCs".

A word stands for a range of values. Its limits: rate 60-100/min, PR 120-200 ms, QRS 120 ms and frontal axis -30° to 90°
(Surawicz et al., AHA/ACC/HRS recommendations III, Circulation 2009); QTc 450 ms in men and 460 ms in women (Rautaharju
et al., the same IV, 2009), short below 350 ms (Gollob et al., J Am Coll Cardiol 2011). The sex is not known here, so a
QTc between 450 and 460 ms passes as normal and as long.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from .claim_names import plain
from .claims import sentences


@dataclass(frozen=True)
class WordClaim:
    """A range in which a text puts a measurement without giving its number."""

    key: str
    """A key of `Measurements.to_dict()`; "qtc_ms" for whatever formula."""
    low: float
    high: float
    said: str
    """The words that were read."""


_MOST = math.inf
_RANGES = {
    "pr_ms": {"long": (200.0, _MOST), "short": (0.0, 120.0), "normal": (120.0, 200.0)},
    "qrs_ms": {"wide": (120.0, _MOST), "narrow": (0.0, 120.0), "normal": (0.0, 120.0)},
    "qtc_ms": {"long": (450.0, _MOST), "short": (0.0, 350.0), "normal": (350.0, 460.0)},
    "heart_rate_bpm": {"fast": (100.0, _MOST), "slow": (0.0, 60.0), "normal": (60.0, 100.0)},
}
_NOT_SLOW_BPM = 50.0
"""Bradycardia begins at 60/min or, in the ACC/AHA/HRS guideline of 2018, at 50: what is denied is the stricter one."""
_LONG, _SHORT = r"(?:prolonged|long|lengthened|prolongation)", r"(?:short|shortened|shortening)"
_NORMAL = (
    r"(?:normal|within (?:the )?normal (?:limits|range)|unremarkable|in the normal range|not remarkable|"
    r"of normal (?:width|duration|length)|physiological)"
)
_WORDS = {
    "pr_ms": {"long": _LONG, "short": _SHORT, "normal": _NORMAL},
    "qrs_ms": {"wide": r"(?:wide|broad|widened|broadened|prolonged|"
    r"widening)", "narrow": r"(?:narrow)", "normal": _NORMAL},
    "qtc_ms": {"long": _LONG, "short": _SHORT, "normal": _NORMAL},
    "heart_rate_bpm": {"fast": r"(?:fast|rapid|elevated)", "slow": r"(?:slow)", "normal": _NORMAL},
}  # fmt: skip
_NAMES = {
    "pr_ms": r"(?:p[- ]?[rq](?: (?:interval|time|duration))?)(?! segment)",
    "qrs_ms": r"(?:qrs(?:[ -](?:complex(?:es)?|duration|width|interval))*)(?! (?:axis|voltage|amplitude|progression))",
    "qtc_ms": r"(?:(?:corrected qt|qt ?c?)(?: interval| time| duration)?)",
    "heart_rate_bpm": r"(?:(?:heart|ventricular|sinus) rate|rate\b)",
}
_DEGREE = (
    r"(?:slightly |mildly |markedly |moderately |clearly |borderline |very |abnormally |significantly |severely |"
    r"extremely |somewhat |quite |relatively |just |also |both |all |still |now )*"
)
_IS = (
    rf"(?:'s| is| are| was| were| remains?| appears?| stays?| lies| falls| looks?| seems?| measures?|:| =|"
    rf" -)?,? ?(?P<no>not |no longer |never )?{_DEGREE}"
)
_MANY = (
    r"(?:p[- ]?[rq]|qrs|qt ?c?)(?:(?: ?, ?| and | ?/ ?|, and )(?:the )?(?:p[- ]?[rq]|qrs|qt ?c?))+"
    r"(?: intervals?| durations?)?"
)


def _pattern(key: str, words: str) -> re.Pattern[str]:
    name = _NAMES[key]
    return re.compile(
        rf"(?<![\w-])(?:(?:the )?{name}{_IS}{words}|{words}[ -](?:the )?{name}|{words} of the {name})(?![\w-])"
    )


_PATTERNS = [(key, word, _pattern(key, words)) for key, entry in _WORDS.items() for word, words in entry.items()]
_ALL_NORMAL = re.compile(
    rf"(?:\ball |\bthe )?\b(?:intervals|conduction times) (?:are )?(?:all )?{_NORMAL}|"
    rf"\bnormal (?:intervals|conduction times)\b|(?P<some>(?<![\w-]){_MANY}(?: are| is|:)?(?: all)? {_NORMAL}|"
    rf"\bnormal {_MANY})"
)
_NOT_SINUS = (
    r"(?<!ventricular )(?<!atrial )(?<!reentry )(?<!reentrant )(?<!paroxysmal )(?<!junctional )(?<!of )(?<!episodic )"
    r"(?<!nodal )(?<!multifocal )(?<!ectopic )"
)
_OTHER = (
    ("heart_rate_bpm", "fast", re.compile(rf"\b{_NOT_SINUS}tachycardi[ac]\b(?!-)|"
    rf"\brapid ventricular (?:response|rate)")),
    ("heart_rate_bpm", "slow", re.compile(rf"\b{_NOT_SINUS}bradycardi[ac]\b(?!-)")),
    ("pr_ms", "long", re.compile(r"\b(?:first|1st)[- ]degree (?:av|atrioventricular)[- ]block|\bav block i\b(?!i)")),
    ("qrs_ms", "wide", re.compile(
        r"(?<!incomplete )(?<!partial )\b(?:complete |left |right )+bundle[- ]branch block\b(?! beat| morph| pattern)|"
        r"\bwide[- ]complex|\bbroad[- ]complex")),
    ("qrs_ms", "narrow", re.compile(r"\bnarrow[- ]complex")),
)  # fmt: skip
_DENIAL = re.compile(
    r"\b(?:no|not|none|without|never|absence of|neither|nor|rather than|exclud\w+|ruled? out|free of|cannot|"
    r"instead of)\b[^,:]*$"
)
_IS_DENIED_AFTER = re.compile(
    r"\s*(?:\([^)]*\))?\s*:\s*(?:no\b|absent|none|negative)|"
    r"[^,.;]{0,25}?\b(?:is|are|was|were) (?:not (?:present|seen|found)|absent|excluded|ruled out)|"
    r"[^,.;]{0,12} can be excluded"
)
_UNSURE = re.compile(
    r"\b(?:if|would|could|may|might|possibl[ey]|risk|whether|previous\w*|history|limit|criteri\w+|resolved|new|"
    r"intermittent|paroxysmal|runs?|episodes?|borderline|near|almost|upper|lower|define[sd]?|means|rate-dependent|"
    r"no longer|anymore|any more|than)\b"
)
_DEFINES = re.compile(
    r"\b(?:(?:is|are) (?:defined|present|diagnosed|called)[^.]* (?:as|when|if)|defined|defines|means|refers to|"
    r"when (?:it|the)\b[^.]*(?:exceeds?|above|over|longer|more than|below))\b"
)
_AXIS = (
    (r"left(?:ward)?[- ](?:qrs )?axis(?: deviation)?|axis (?:is )?(?:deviated|shifted|deviation) to the left|"
    r"axis (?:is )?leftward|axis (?:shows|has) (?:an? )?left(?:ward)? deviation", -150.0, -30.0),
    (r"right(?:ward)?[- ](?:qrs )?axis(?: deviation)?|axis (?:is )?(?:deviated|shifted|deviation) to the right|"
    r"axis (?:is )?rightward|axis (?:shows|has) (?:an? )?right(?:ward)? deviation", 90.0, 180.0),
    (r"(?:extreme|north-?west|indeterminate superior) axis(?: deviation)?|extreme (?:right|left) axis", 150.0, 270.0),
    (
        rf"(?<!\bp )(?<!\bt )(?<!wave )(?:normal (?![pt][ -])(?:\w+ ){{0,2}}axis|"
        rf"(?<!\bp )(?<!\bt )(?<!wave )axis(?: deviation)?(?: is|:)? {_NORMAL})", -30.0, 90.0),
)  # fmt: skip
_AXIS_PATTERNS = [(re.compile(rf"\b(?:{words})\b"), low, high) for words, low, high in _AXIS]
_NO_DEVIATION = re.compile(r"\b(?:no|without)(?: (?:any|significant|relevant))? (?:qrs )?axis deviation")


def word_claims(text: str) -> list[WordClaim]:
    """Read words for rate, PR, QRS and QTc ("prolonged", "narrow", "tachycardia", …) as the ranges they stand for.

    Where the text is unsure, conditional or about a change, nothing is read.
    """
    said: list[WordClaim] = []
    for sentence in sentences(plain(text)):
        for key, word, pattern in [*_PATTERNS, *_OTHER]:
            for match in pattern.finditer(sentence):
                said += _read(sentence, match, key, word)
        for match in _ALL_NORMAL.finditer(sentence):
            denied = _DENIAL.search(sentence[: match.start()]) or _UNSURE.search(_near(sentence, match))
            keys: tuple[str, ...] = ("pr_ms", "qrs_ms", "qtc_ms")
            if match.group("some"):
                keys = tuple(
                    k
                    for k, w in zip(keys, (r"p[- ]?[rq]", "qrs", "qt"), strict=True)
                    if re.search(rf"\b{w}", match.group(0))
                )
            said += [WordClaim(key, *_RANGES[key]["normal"], match.group(0).strip()) for key in keys if not denied]
    return list({(word.key, word.low, word.high): word for word in said}.values())


def _near(sentence: str, match: re.Match[str]) -> str:
    return sentence[max(match.start() - 30, 0) : match.end() + 20]


def _read(sentence: str, match: re.Match[str], key: str, word: str) -> list[WordClaim]:
    before = sentence[: match.start()]
    if (
        _DEFINES.search(sentence)
        or _UNSURE.search(_near(sentence, match))
        or re.search(r"\b(?:low|high|upper|ab|non)[- ]?$", before)
    ):
        return []
    denied = (
        bool(match.groupdict().get("no"))
        or bool(_DENIAL.search(before))
        or bool(_IS_DENIED_AFTER.match(sentence, match.end()))
    )
    low, high = _RANGES[key][word]
    said = match.group(0).strip()
    if not denied:
        return [WordClaim(key, low, high, said)]
    if word == "normal" or ("block" in said and key == "qrs_ms"):  # a denied block does not make the QRS narrow
        return []
    if key == "qtc_ms":
        low, high = (0.0, 460.0) if word == "long" else (350.0, _MOST)
    else:
        low, high = (0.0, low) if high == _MOST else (_NOT_SLOW_BPM if word == "slow" else high, _MOST)
    return [WordClaim(key, low, high, f"not {said}")]


def axis_words(text: str) -> list[tuple[str, float, float]]:
    """Words for the frontal axis that a text asserts, each with the range in degrees that it stands for."""
    said: list[tuple[str, float, float]] = []
    for sentence in sentences(plain(text)):
        for match in _NO_DEVIATION.finditer(sentence):
            said.append((match.group(0), -30.0, 90.0))
        for pattern, low, high in _AXIS_PATTERNS:
            for match in pattern.finditer(sentence):
                denied = re.search(r"\b(?:no|not|without|never)\b[^,]*$", sentence[: match.start()])
                if not denied and not _UNSURE.search(_near(sentence, match)):
                    said.append((match.group(0), low, high))
                    break
    return said


_NUMBER_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_COUNT = r"(?P<n>\d{1,3}|a single|one|two|three|four|five|six|seven|eight|nine|ten)"
_KIND = {
    "V": r"(?:pvcs?|(?:premature ventricular|ventricular premature) (?:contractions?|beats?|complex(?:es)?)|"
    r"ventricular (?:extrasystoles?|ectopics?|ectopic beats?|ectopies))",
    "S": r"(?:pacs?|(?:premature atrial|atrial premature) (?:contractions?|beats?|complex(?:es)?)|"
    r"(?:supraventricular|atrial) (?:extrasystoles?|ectopics?|ectopic beats?))",
    "": r"(?:qrs complexes|beats (?=in (?:total|all|the|this)|were (?:found|recorded|detected)|are (?:found|"
    r"recorded|detected)))",
}
_COUNTS = {
    kind: re.compile(rf"(?<![\w.,/%-]){_COUNT} (?:(?:isolated|single|uniform|multiform|unifocal|monomorphic|"
        rf"narrow|wide) )?{words}(?!\w|[ -]?(?:/|per\b|%|burden|run))")
    for kind, words in _KIND.items()
}  # fmt: skip
_OF_A_PART = re.compile(
    r"\b(?:runs?|consecutive|in a row|successive|every|after|per|of|at least|more than|up to|over|between|salvo|"
    r"about)(?: (?:of|the))?\s*$"
)


def counts(text: str) -> list[tuple[str, int, str]]:
    """Numbers of beats that a text gives: (kind "V", "S" or "" for all beats, number, words)."""
    said = []
    for sentence in sentences(plain(text)):
        for kind, pattern in _COUNTS.items():
            for match in pattern.finditer(sentence):
                if not _OF_A_PART.search(sentence[: match.start()]) and "consecutive" not in sentence:
                    word = match.group("n")
                    number = 1 if word == "a single" else int(word) if word.isdigit() else _NUMBER_WORDS.index(word)
                    said.append((kind, number, match.group(0).strip()))
    return said


_TRANSITION = re.compile(
    r"(?:transition(?: zone)?|r ?/ ?s transition|"
    r"precordial transition)[^.;\d]{0,30}?\b(?P<first>v[1-6])(?:\s*(?:-|/|to|and|or)\s*(?P<second>v?[1-6]))?"
)


def transition_leads(text: str) -> tuple[str, str] | None:
    """The chest leads, first and last, at which a text puts the R/S transition; None where it does not."""
    match = _TRANSITION.search(plain(text))
    if match is None or re.search(r"\b(?:normal(?:ly)?|usually)\b[^.]*$", match.group(0)):
        return None
    second = match.group("second") or match.group("first")
    return match.group("first").upper(), f"V{second[-1]}"
