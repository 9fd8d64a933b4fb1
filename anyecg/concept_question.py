"""How a general question is put: which aspect of a concept it asks for, or that it is about the ECG at hand.

All functions read a question in lower case, without punctuation, in which X stands for the concept: "what causes X".
"""

from __future__ import annotations

import re

_X = r"(?:an? |the )?X"
_WHO = r"(?:i|you|one|we|they|u)"
_ASPECTS = {
    "next": (
        r"\bnext\b|\btreat|\bmanag|\bhandle|\bwork ?up\b|\bfirst steps?\b|\bdeal with|\bget rid of|\btherap|\bproceed|"
        r"\bgo on with|\bfollows? from|\bfollow up|\bwhat follows|\bwhat (?:comes )?after\b|\bshould be checked|"
        rf"\blook at when|\bwhat (?:to|should|would|can|could|do|must) (?:{_WHO} )?do\b"
    ),
    "look_alikes": (
        r"\bconfus|\blook ?alikes?\b|\bimitat|\bmimic|\bdifferential|\bddx?\b|\bmistak|\b(?:told|tell|telling) apart|"
        r"\bmix(?:ed)? up|\bmixed with|\bfakes?\b|\bmasquerad|\bresembl|\bsimilar|\bcan look like\b|\bmisdiagnos|"
        rf"\bwhat else (?:could|can|might|may|looks?)|\belse (?:could|can|might) it|\blooks? (?:just )?like {_X}"
    ),
    "urgency": (
        r"\bdanger|\burgen|\bemergenc|\bserious|\bworr(?:y|ied|ying|isome)|\bharm|\bact at once|\bimmediate|\bfatal|"
        r"\bthreatening|\bdeadly|\blethal|\bbenign|\bsevere\b|\bconcern|\balarm|\bpanic|\bscary|\bcritical|\brisky|"
        r"\bkills?\b|\bsafe\b|\bhow (?:quickly|soon)\b|\b(?:how|is|are|really) bad\b|\bX bad$"
    ),
    "causes": (
        r"\bcaus|\breasons?\b|\bwhy\b|\bbehind\b|\bcomes? from|\btrigger|\bdue to|\ba?etiolog|\borigin|\bprovok|"
        r"\bwhat (?:makes|brings|creates|produces)|\bget X|\brisk factors?|\bresponsible|\bwhich (?:drugs|artery)|"
        rf"\bleads? to {_X}|\bhow (?:does|do|can) {_X} (?:arise|develop|happen|occur|come)|"
        rf"\bwhen (?:does|do|can) {_WHO} see"
    ),
    "criteria": (
        r"\bcriteri|\brecogni[sz]|\bdiagnos|\bsigns\b|\blimits?\b|\blooks? like\b|\blooks?$|\bwhat defines\b|"
        r"\bfeatures?\b|\bfindings\b|\bchanges\b|\bspot\b|\bidentif|\bdetect|\bthresholds?\b|\bcut ?offs?\b|"
        r"\bfrom what value|\bnormal (?:range|value|limit)s?\b|\bnormal X|\blist$|"
        r"\bhow (?:long|wide|high|large|short|big|tall|deep)\b(?! (?:is|are) X)|"
        r"\bon (?:an? |the )?(?:ecg|ekg|tracing|strip)\b|\becg$|\bcharacteristic|\bwhat counts as|"
        rf"\bhow (?:do|can|would|could|should|to) (?:{_WHO} )?(?:see|tell|find|know|measure|read)\b|\bhow to\b|"
        rf"\bto look (?:out )?for|\bwhat do {_WHO} see\b|\bwhat (?:else )?does the ecg show|\bdescribe the ecg\b|"
        rf"\bhow does the ecg\b.*\bdiffer|\bhow (?:does|do) {_X} (?:change|affect) (?:the|an) ecg|"
        rf"\bwhere do {_WHO} place"
    ),
    "means": (
        r"\bmean|\bdefin|\bexplain|\bunderstand\b|\bstands? for|\brepresent|\bindicate|\btell me about|\bbasics\b|"
        r"\bin (?:simple|plain|easy|other) (?:words|terms|english)|\bin (?:a|one) sentence|\bi have read about|"
        rf"\bhow does {_X} work|\bwhat happens|^X what(?:s| is| are) (?:it|that|this|they|these)\b"
    ),
}
"""Word stems and phrases of each aspect; the first aspect that is found counts."""
_WHAT_IS = (
    r"\bwhat(?:s| (?:exactly |really )?(?:is|are|was)) (?:(?:an?|the|actually|exactly|called|really) )*X|"
    r"\bwhat (?:does|do) X|^X .*\bwhat(?:s| is| are| does| do)\b|\btell me what\b|\bwhat X (?:is|are)\b"
)
_FILLERS = re.compile(r"\b(?:please|pls|plz|hi|hello|hey|ok|so|and|the|an?|thanks)\b")
_IS_NORMAL = re.compile(r"^(?:is|are) (?:an? )?X (?:normal|ok|okay)\b")

_OF_HAND = r"ecgs?|ekg|tracings?|trace|strip|record|recording|patients?|person|case|man|woman|rhythm|excerpt|leads?"
_ABOUT = r"criteri|signs?\b|caus|mean|defin|pattern|limit|feature|mimic|range|value|cut|on (?:an|the) ecg"
_AT_HAND = re.compile(
    rf"\b(?:this|these|those|that) (?:X|{_OF_HAND})\b|\b(?:my|his|her|our|your|their|here)\b|"
    rf"\b(?:is|was) (?:this|that|it) (?:an? )?X|\b(?:of|in|from|for|with|both|all) (?:the|both|all) (?:{_OF_HAND})\b|"
    rf"\bthe patients?\b|\b(?:ecg|number|no) \d+\b|(?<!when )(?<!if )\bthere (?:is|are) (?:an? |any )?X|^and X|"
    r"\bcompared (?:to|with) the\b|\b(?:is|are) there\b|\bin lead\b|\bat \d|\bsince\b|\bX (?:you see|is present)|"
    rf"\byou (?:saw|found|find|measured?|call|mark|detect|wrote|said|report)\b|\bthe X\b(?! (?:{_ABOUT}))|"
    r"\bX or (?!not\b)|\bor (?:an? |the )?X|\bwhich (?:one|of)\b|\bits normal|\blie\b|\b(?:the|which|these) ecgs\b|"
    r"\brecordings\b|\btracings\b|\bthe ecg (?:say|tell|show X)|"
    r"\bthe (?:number|width|duration|length|height|probability|likelihood|chance|burden|onset|end|start) of\b|"
    r"\bwhy (?:is|are) X (?:so |too )?(?:wide|long|short|high|low|fast|slow|irregular|prolonged|elevated|depressed|"
    r"inverted|abnormal|negative|deep|tall|flat|missing|absent|left|right|deviated|different|like)\b"
)
_YES_NO = re.compile(
    r"(?:(?:and|so|but|ok|hi|hello|please) )*(?:is|are|does|do|has|have|had|can|could|would|will|did|was)\b"
    r"(?! (?:you|u) (?:please )?(?:explain|define|tell|describe|give))"
)
_SEARCH = re.compile(
    r"(?:please )?(?:show|mark|locate|find|count|check|choose|decide|classify|point|list the leads|where (?:is|are)|"
    r"when do you|how (?:often|many|is the|are the)|(?:in|at) which|"
    r"which (?!(?:\w+ )?(?:criteri|limit|sign|caus|drug|artery)))"
)
_DIFFERENCE = re.compile(
    r"\bdiffer|\bvs\b|\bversus\b|\bdistinguish|\bdiscriminat|\btell .*X (?:from|and) .*X|\bcompare X (?:to|with|and) X"
)


def is_about_ecg_at_hand(put: str) -> bool:
    """Whether words point at an ECG ("here", "this patient") or send somebody to look in it ("mark", "which leads")."""
    return bool(_AT_HAND.search(put) or _SEARCH.match(put))


def asks_difference(put: str) -> bool:
    """Whether a question sets concepts side by side ("difference between X and X")."""
    return bool(_DIFFERENCE.search(put))


def is_bare(put: str) -> bool:
    """Whether nothing but the term was typed."""
    return _FILLERS.sub("", put).split() == ["X"]


def aspect_of(put: str, *, is_part: bool, is_measured: bool) -> str | None:
    """The aspect that a question asks for; None if it asks for none, as "has he X" does.

    Args:
        put: the question.
        is_part: the concept is a wave, an interval or a lead: "is X normal" asks about the ECG at hand.
        is_measured: the concept is a measurement, so that "what is X" asks for its value.
    """
    found = next((aspect for aspect, cues in _ASPECTS.items() if re.search(cues, put)), None)
    if _IS_NORMAL.match(put) and not is_part:
        return "urgency"
    if _YES_NO.match(put):
        return found if found in ("urgency", "look_alikes") else None
    if found is None and not is_measured and re.search(_WHAT_IS, put):
        return "means"
    return found
