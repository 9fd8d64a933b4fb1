"""How English texts name the measurements, leads and units of an ECG: the vocabulary that `claims` reads with.

Everything here works on the output of `plain`: lower case, one kind of dash, degree and blank, same length as the text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .leads import STANDARD_LEADS

INTERVAL_KEYS = (
    "p_ms", "pr_ms", "qrs_ms", "qt_ms", "qtc_ms", "qtc_bazett_ms", "qtc_fridericia_ms", "qtc_framingham_ms",
    "qtc_hodges_ms", "rr_ms",
)  # fmt: skip
RATE_KEYS = ("heart_rate_bpm", "heart_rate_min_bpm", "heart_rate_max_bpm")
ANGLE_KEYS = ("axis_deg", "p_axis_deg", "t_axis_deg", "qrs_t_angle_deg", "spatial_qrs_t_angle_deg")
WAVE_KEYS = ("p_mv", "q_mv", "r_mv", "s_mv", "t_mv", "st_mv")
INDEX_KEYS = ("sokolow_lyon_mv", "cornell_mv")

MS, S = r"(?:ms|msecs?|milli-?sec(?:ond)?s?)\b", r"(?:s|secs?|seconds?)\b"
PER_MINUTE = (
    r"(?:bpm\b|/\s?min\b|b\.p\.m\b|min-1\b|min\^-1|b(?:eats?)?\s?/\s?min\b|"
    r"(?:beats?|times|per|a)\s?(?:/|per|a|each|every)?\s?min(?:ute)?s?\b)"
)
DEGREES = r"(?:°|degrees?\b|degs?\b)"
MV, UV, MM = r"(?:mv|millivolts?)\b", r"(?:uv|microvolts?)\b", r"(?:mm|millimet(?:er|re)s?)\b(?!\s*/\s*(?:s|sec|mv)\b)"
HZ = r"hz\b"
UNIT = rf"(?:{PER_MINUTE}|{MS}|{DEGREES}|{MV}|{UV}|{MM}|{HZ}|{S})"

_LEAD = r"(?:v[1-9]r?|av[rlf]|mlii|iii|ii|i)\b"
_LEAD_SEP = r"(?:\s?-\s?|\s?,\s?(?:and |or )?|\s?/\s?|\s?&\s?|\s(?:and|or|to|through)\s)(?:leads? )?"
LEADS = re.compile(
    rf"(?:(?<![\w+-])|(?<=(?<!\w)[pqrst]))(?:leads? )?"
    rf"(?P<list>{_LEAD}(?:{_LEAD_SEP}(?:{_LEAD}|(?<=[-/])\s?[1-6]\b(?!\s*(?:mv|mm|ms|\.\d))))*)|"
    r"\b(?P<territory>infero-?lateral|antero-?septal|antero-?lateral|inferior|anterior|lateral|septal|"
    r"precordial|chest|limb)"
    r"(?= (?:precordial |chest |limb )?leads?\b| st\b)"
)
_CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")
_LIMB = ("I", "II", "III", "aVR", "aVL", "aVF")
TERRITORY_LEADS = {
    "inferior": ("II", "III", "aVF"), "lateral": ("I", "aVL", "V5", "V6"), "septal": ("V1", "V2"),
    "anterior": _CHEST[:4], "anteroseptal": _CHEST[:4], "anterolateral": (*_CHEST, "I", "aVL"),
    "inferolateral": ("II", "III", "aVF", "I", "aVL", "V5", "V6"), "precordial": _CHEST, "chest": _CHEST, "limb": _LIMB,
}  # fmt: skip
_CANONICAL = {lead.lower(): lead for lead in (*STANDARD_LEADS, "V7", "V8", "V9", "V3R", "V4R")} | {"mlii": "MLII"}

_FORMULAS = {
    "qtc_bazett_ms": r"bazett(?:'?s)?", "qtc_fridericia_ms": r"frid[ei]ricia(?:'?s)?",
    "qtc_framingham_ms": r"framingham", "qtc_hodges_ms": r"hodges",
}  # fmt: skip
_INITIALS = {"qtc_bazett_ms": "b", "qtc_fridericia_ms": "f", "qtc_framingham_ms": "fra?m?", "qtc_hodges_ms": "h(?:od)?"}
FORMULA_AFTER = re.compile(
    r"\s*[,(]?\s*(?:by|using|with|according to|after|from|per|via)?\s*(?:the )?(?:"
    + "|".join(rf"(?P<{key}>{words})" for key, words in _FORMULAS.items())
    + r")(?!(?: formula| correction)?[\s:=)]*(?:is |of |was )?\d)"
)
_LETTER = (
    r"(?:(?<!\d )(?<!\d)|(?<=[v ]\d )(?<=v\d )){0}(?=\s?[:=]|\s[-+]?\d|\s(?:in|of|wave)\b|"
    r"\s?(?:lead )?(?:v[1-9]|av[rlf]|i{{1,3}}\b))"
)
_WAVE = (
    r"{0}[- ]?waves?(?: (?:amplitude|height|voltage|depth|inversion)s?)?|{0}[- ](?:amplitude|height|voltage|depth)s?|"
)


def _wave(letter: str) -> str:
    return (
        rf"(?:amplitude|height|voltage|depth) of (?:the |an? )?{letter}(?:[- ]waves?)?|"
        + _WAVE.format(letter)
        + _LETTER.format(letter)
    )


# The first that matches wins: longer names stand before the shorter ones inside them. "other" takes a number away
# that belongs to something which is not held against a measurement.
_NAMES = {
    "other": (
        r"(?:atrial|flutter|sampling|respirat\w+|escape|pacing|paced|lower|upper|target|filling|sweep|p[- ]wave) "
        r"(?:rate|frequency)|pauses?|coupling|dispersion|variability|sdnn|rmssd|std(?:ev)? ?dev\w*|standard deviation|"
        r"r[- ]peak time|intrinsicoid|f[- ]waves?|p[- ]p intervals?|jt\b|tp\b|cornell product|paper speed|"
        r"calibration|gain|"
        r"(?:longest|shortest|maxim\w+|minim\w+) (?:r[- ]?r|p[- ]?p)(?:[- ]intervals?)?|uncertainty|±|\+/-|"
        r"tolerance|qrs (?:voltage|amplitude)s?|burst|salvos?|runs?|episodes?|paroxysms?|axis shift|"
        r"rr sd|sd of"
    ),
    "spatial_qrs_t_angle_deg": r"spatial (?:qrs[-/ ]t )?angle",
    "qrs_t_angle_deg": (
        r"(?:frontal )?(?:plane )?qrs[-/ ]t[- ]?angle|angle between (?:the )?qrs (?:axis )?and (?:the )?t(?:[- ]wave)?"
        r"(?: ax[ei]s)?"
    ),
    "p_qrs_t_axes": r"p ?[-/]? ?(?:r|qrs) ?[-/]? ?t[- ](?:wave )?ax[ei]s|p ?/ ?(?:r|qrs) ?/ ?t\b(?! (?:wave|"
    r"amplitude|voltage))",
    "p_axis_deg": r"p(?:[- ]waves?)? ax[ei]s|axis of the p(?:[- ]waves?)?",
    "t_axis_deg": r"t(?:[- ]waves?)? ax[ei]s|axis of the t(?:[- ]waves?)?",
    "axis_deg": r"(?:(?:frontal|electrical|mean|heart|cardiac|qrs|plane|r) )*axis(?: of the qrs)?|(?:left|"
    r"right)ward axis",
    **{
        key: (
            rf"qt ?c? ?\(?{words}\)?(?!\w)|qt ?c[ -]?\(?{_INITIALS[key]}\b\)?|"
            rf"{words}[- ](?:formula )?(?:corrected )?qtc?(?: interval)?|{words}"
        )
        for key, words in _FORMULAS.items()
    },
    "qtc_ms": (
        r"(?:heart[- ])?(?:rate[- ])?corrected qt|corrected for (?:the )?(?:heart )?rate,? (?:the )?qt(?: interval)?|"
        r"qt ?c(?=\b|[bf]\b)|qt corrected"
    ),
    "qt_ms": r"qt(?! ?dispersion)\b",
    "qrs_ms": r"qrsd?(?! (?:axis|voltage|amplitude|score|notch))\b",
    "pr_ms": r"p[- ]?[rq]i?(?! segment)\b|av conduction time",
    "p_ms": r"p[- ]waves? (?:duration|width)|p duration|p dur\b",
    "sokolow_lyon_mv": (
        r"s(?:[- ]waves?)? (?:in |of )?v1 (?:plus|\+) (?:the )?r(?:[- ]waves?)? (?:in |of )?v[56]|"
        r"sokolow(?:[- ]?lyon)?(?: (?:index|voltage|criteri\w+|sum))*|"
        r"\(?s ?\(?v1\)? ?\+ ?r ?\(?v[56]\)?(?: ?(?:/|or) ?(?:r ?)?v?6)?\)?"
    ),
    "cornell_mv": (
        r"cornell(?: (?:index|voltage|criteri\w+|sum))*|\(?r ?avl ?\+ ?s ?v3\)?|\(?s ?v3 ?\+ ?r ?avl\)?"
    ),
    "r_s": r"r ?[/:] ?s(?: ratio)?",
    "st_mv": (
        r"(?:elevation|depression)s? of the st(?:[- ]segments?)?|j[- ]point (?:elevation|depression)s?|st(?:60|80|j)\b|"
        r"st(?:[- ]?segments?)?(?:[- ](?:elevations?|depressions?|level|deviation|shift|"
        r"amplitude))?\b(?! ?[-/] ?t\b)|\bste\b|\bstd\b"
    ),
    "rr_ms": r"(?:mean |average )?r[- ]?r(?:[- ]intervals?)?|(?:mean )?(?:cardiac )?cycle length",
    "heart_rate_max_bpm": (
        r"(?:max(?:imum|imal)?|highest|fastest|peak)(?: (?:heart|ventricular|instantaneous|sinus))*(?: (?:rate|hr))?|"
        r"(?:rate|hr) (?:max(?:imum)?)"
    ),
    "heart_rate_min_bpm": (
        r"(?:(?<!/)(?<!/ )(?<!per )(?<! a )min(?:imum|imal)?|lowest|slowest)(?: (?:heart|ventricular|"
        r"instantaneous|sinus))*(?: (?:rate|hr))?|"
        r"(?:rate|hr) (?:min(?:imum)?)"
    ),
    "heart_rate_bpm": (
        r"(?:(?:mean|average|resting|overall) )?(?:heart|ventricular|vent|pulse|sinus)[- ]?(?:rate|frequency)|"
        r"pulse(?! (?:deficit|wave|pressure))|\brate\b|\bhr\b"
    ),
    "rhythm": r"rhythm|nsr|sr(?= at)|(?<!ventricular )tachycardia|bradycardia|fibrillation|afib",
    "r_mv": _wave("r"), "s_mv": _wave("s"), "q_mv": _wave("q"), "t_mv": _wave("t"), "p_mv": _wave("p"),
}  # fmt: skip
NAME = re.compile(
    "|".join(
        rf"(?P<{key}>(?<![\w+-])(?:{pattern}))" + ("" if key in WAVE_KEYS and key != "st_mv" else "(?![a-z])")
        for key, pattern in _NAMES.items()
    )
)
"""A name of a quantity; the group that matched is its key. A wave's letter may stand right before a lead ("RV5")."""

NUMBER = r"[-+]?\d+(?:[.,]\d+)?"
_QUANTITY = (
    rf"(?<![\w.,-])(?P<low>{NUMBER})(?:(?:\s*{UNIT})?(?:-|\s+-\s+|\s*(?:to{{also}})\s+)(?P<high>{NUMBER}))?"
    rf"\s*(?P<unit>{UNIT})?(?!\w)"
)
QUANTITY = re.compile(_QUANTITY.format(also=""))
QUANTITY_BETWEEN = re.compile(_QUANTITY.format(also="|and"))
"""For a sentence with "between 60 and 80/min"; elsewhere "and" joins two values."""
ECG_NAME = re.compile(
    r"\b(?:ecgs?|ekgs?)\s*#?\s*\d+(?:\s*(?:and|,|&)\s*(?:ecg )?\d{1,2}(?![\d.]|\s*(?:/|°|ms\b|s\b|bpm\b|beats\b)))*"
)
_NO_NUMBERS = re.compile(
    r"\b\d{1,2}[./]\d{1,2}[./](?:19|20)\d\d\b|\b\d{1,2}\.\d{1,2}\.\d\d\b|\b\d{1,2}:\d{2}\b|\b\d ?: ?\d\b|"
    r"\b\d+(?:\.\d+)? ?mm ?/ ?(?:s|sec|mv)\b|"
    r"\bj(?: ?point)? ?(?:\+|plus) ?\d+(?: ?ms)?|\b\d+ ?ms after (?:the )?j(?: point)?|(?m:^\s*\d{1,2}[.)](?=\s))|"
    r"\b\d+[- ](?:leads?|years?|year-old|y/o|yo|channel)\b|\d+ ?%"
)


_EDGE = (
    r"(?:the )?(?:(?:onset|beginning|start|end|offset|peak) of )?(?:the )?(?:p|q|qrs|t|j)\b(?:[- ](?:wave|"
    r"complex|point))?"
)
_DEFINITION = re.compile(rf"\bfrom {_EDGE} to {_EDGE}")


class Word(NamedTuple):
    """A name or a group of leads in a sentence."""

    start: int
    end: int
    what: str
    leads: tuple[str, ...] = ()


def plain(text: str) -> str:
    """Lower case with one kind of minus, dash, degree and blank; dates are taken out. Keeps the length."""
    text = "".join(low if len(low := c.lower()) == 1 else c for c in text)
    text = text.translate(str.maketrans("−–—‐‑º˚\xa0µμ≈→⁻¹", "-----°° uu~>-1"))
    text = re.sub(r"\b\d{4}-\d{2}-\d{2}\b|\*\*|`|__", lambda m: " " * len(m.group(0)), text)
    text = re.sub(
        r"\b(minus|plus) +(?=\d)", lambda m: ("-" if m.group(1) == "minus" else "+").rjust(len(m.group(0))), text
    )
    short = (
        r"\b(?:approx|ca|vs|resp|avg|max|dur|int|ampl|vent|freq|incl)\.|(?<![/\d])(?<!/ )(?<!per )(?<!a )\bmin\.(?= )"
    )
    return re.sub(short, lambda m: m.group(0)[:-1] + " ", text)


def without_definitions(text: str) -> str:
    """The plain text with "from the onset of P to the onset of QRS" blanked: it defines, and names nothing."""
    return _DEFINITION.sub(lambda m: " " * len(m.group(0)), text)


def without_other_numbers(text: str) -> str:
    """The plain text with what is never a measured value blanked: dates, 2:1, 25 mm/s, J + 60 ms, list numbers."""
    return _NO_NUMBERS.sub(lambda m: " " * len(m.group(0)), text)


def leads_of(match: re.Match[str]) -> tuple[str, ...]:
    """The leads that a match of `LEADS` names, ranges spelled out."""
    if match.group("territory"):
        return TERRITORY_LEADS[match.group("territory").replace("-", "")]
    found: list[str] = []
    joined = re.findall(rf"{_LEAD}|-|to|through|(?<![v\d])[1-6]\b", match.group("list"))
    for before, word in zip(["", *joined], joined, strict=False):
        name = _CANONICAL.get(f"v{word}" if word.isdigit() else word)
        if name and before in ("-", "to", "through") and found and {found[-1], name} <= set(_CHEST):
            found += _CHEST[_CHEST.index(found[-1]) + 1 : _CHEST.index(name) + 1]
        elif name:
            found.append(name)
    return tuple(dict.fromkeys(found))
