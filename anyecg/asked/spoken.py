"""How findings are spoken of: other names, and questions for a probability or a kind put as ones for presence."""

from __future__ import annotations

import re


def put_simply(question: str) -> tuple[str, frozenset[str]]:
    """A question for a probability or a kind as one for presence, and the words in it that ask how old something is."""
    text = spoken(" ".join(question.lower().replace("’", "'").split()))
    text = _WHICH_KIND.sub("", text)
    text = _LIKELY.sub("is there ", _HOW_OLD.sub("is there old", text))
    ages = _AGES & frozenset(re.findall(r"\w+", text))
    if ages:
        text = re.sub(rf"\b(?:{'|'.join(sorted(ages))})\b", " ", text)
        text = re.sub(
            r"\b(?:or|and)(?: an?)?(?=\s*$| +(?:one|infarct|myocardial|heart|inferior|anterior|lateral)\b)", " ", text
        )
    return " ".join(text.split()), ages


def excluding(question: str, said: str) -> str:
    """The answer to "Can you exclude …?", where a bare "no" would be misread."""
    if not re.search(r"\b(?:rule out|exclude)\b", question.lower()):
        return said
    for begins, instead in _EXCLUDED.items():
        if said.startswith(begins):
            return f"{instead}{said[len(begins) :]} An ECG alone does not exclude it for certain."
    return said


_EXCLUDED = {
    "No: ": "It is unlikely: ", "Probably not: ": "It is rather unlikely, but not excluded: ",
    "Yes: ": "It cannot be excluded: ", "Probably yes: ": "It cannot be excluded: ",
}  # fmt: skip


def spoken(text: str) -> str:
    """A text in lower case with other names of findings replaced by those that `findings` reads."""
    for pattern, instead in _SPOKEN:
        text = re.sub(pattern, instead, text)
    return text


_WHICH_KIND = re.compile(
    r",? (?:and|or) (?:if so,? )?(?:(?:of|in|on) )?(?:which|what|where)"
    r"(?: (?:degree|kind|type|one|grade|leads?|side|chamber|region|wall|territory))?\W*$"
)
_LIKELY = re.compile(
    r"^(?:and )?(?:what is|what's|whats|give me|tell me)? ?(?:the |an? )?(?:probability|likelihood|chances?|risk)"
    r"(?: of| for| that)"
    r"(?: (?:this|it|there) (?:is|are|being)| (?:he|she|the patient) has)?(?: not)?\b|"
    r"^(?:please |can you |could you |(?:can|could|may|does) (?:i|we|one|you|it|this)(?: ecg)? )*"
    r"(?:rule out|exclude)\b|"
    r"^how (?:likely|probable|possible|confident|sure|certain) (?:is|are)(?: you)?(?: that| of)?"
    r"(?: (?:this|it|there) (?:is|are)| (?:he|she|the patient) has)?(?: not)?\b"
)
_HOW_OLD = re.compile(r"^(?:and )?how (?:old|recent|fresh|long ago) (?:is|are|was|might|could|would)\b(?: be)?")
RECENT = frozenset(("acute", "new", "recent", "fresh", "evolving"))
_AGES = RECENT | frozenset(("old", "previous", "prior", "before", "ever", "past", "had", "earlier", "healed"))
_SPOKEN = (
    (r"\blong qt syndrome\b", "long qt"),
    (r"\b((?:infero|antero)?(?:inferior|anterior|lateral|septal|posterior)) (?:mi|infarcts?)\b", r"\1 infarction"),
    (r"\b(?:rbbb|right bundle branch block) complete or incomplete\b",
     "complete right bundle branch block or incomplete right bundle branch block"),
    (r"\b(first|second|third|1st|2nd|3rd)[ -]degree (?:av |heart )?block\b", r"\1 degree av block"),
    (r"\b(sinus|supraventricular|ventricular|atrial) (tachy|brady)\b", r"\1 \2cardia"),
    (r"\b(?:normal )?sinus\b(?! (?:tach|brady|arr|rhythm|node|pause))", "sinus rhythm"),
    (r"\bsinus tach\b", "sinus tachycardia"),
    (r"\b(?:second[ -]degree av block of )?mobitz (?:type )?(?:1|2|i|ii|one|two)\b|\bwenckebach\b",
     "second-degree av block"),
    (r"\b1st degree\b", "first degree"), (r"\b2nd degree\b", "second degree"), (r"\b3rd degree\b", "third degree"),
    (r"\bdelta waves?\b", "wpw"),
    (r"\b(left|right) atri(?:um|al)(?: is| be)? (?:enlarged|dilat\w+|big|hypertroph\w+|overload\w*)",
     r"\1 atrial enlargement"),
    (r"\b(?:enlarged|dilated|big) (left|right) atrium\b", r"\1 atrial enlargement"),
    (r"\bdig(?:oxin|italis)\b(?! (?:toxic|poison|intox))(?: (?:effects?|changes?|signs?))?\b", "digitalis effect"),
    (r"(?<!atrial )(?<!ventricular )\bflutter\b", "atrial flutter"),
    (r"(?<!atrial )(?<!ventricular )(?<!v )\bfib\b|(?<!ventricular )(?<!atrial )\bfibrillation\b",
     "atrial fibrillation"),
    (r"\bheart attack\b", "infarction"),
    (r"\belectrolyte (?:disturbance|disorder|problem|abnormalit(?:y|ies))\b", "electrolytic disturbance"),
    (r"\bleft or (?:a )?right bundle branch block\b", "left bundle branch block or right bundle branch block"),
    (r"\bbundle branch (?:is|are) blocked\b", "bundle branch block is there"),
)  # fmt: skip
