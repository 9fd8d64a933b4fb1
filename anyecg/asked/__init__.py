"""Questions that need no language model: what written passages answer, and what the evidence answers word for word.

What is asked is read by rule, and only where nothing is left over that the rule does not understand: "Is there atrial
fibrillation?" is answered from the heads, "Is the atrial fibrillation new?" is the language model's. So the answer to
a closed question is the calibrated probability that stands beside it, and no second opinion of a small model.

Where a question is answered: `follow_ups` ("Where exactly?"), `places` (times), `values` (numbers), `waves` and
`voltages` (ST, T, Q, R), `findings` (presence, choice, normality), `conditions` (no probability), `rhythm`,
`recording` and `noise`, `overview` (the whole ECG), `long_records` (as a Holter report), `decisions` (drugs, devices,
walls), `several`, `several_values` and `together` (two ECGs and more), `named` (what no rule understands).
`topics.yaml` lists the cues of most; `words`, `spoken`, `reading` and `relations` read a question, `said` words an
answer, `taught` tells what a small language model gets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from ..answer import abstention
from ..check import asks_generally
from ..evidence import Evidence
from ..findings import findings_in_text, phrase
from ..knowledge import answer_back, answer_from_knowledge, beyond, concept_named
from ..knowledge.beyond import is_beyond_any_ecg, kind_beyond
from ..mending import OF_THIS_ECG
from ..named_places import kind_in
from .conditions import condition
from .decisions import ANSWERS as DECISIONS
from .findings import choice, either, kinds, normality, presence, worry
from .follow_ups import follow_up
from .long_records import LONG_S, long_report
from .named import instead, named
from .overview import ANSWERS as OF_WHOLE
from .overview import PLAINLY, in_full
from .places import at_time, in_words, places
from .reading import bare, completed, parts_of, spelt
from .recording import ANSWERS as OF_RECORDING
from .relations import about_one, of_each
from .rhythm import ANSWERS as OF_RHYTHM
from .several import NEW_AND_GONE, answered_of_several
from .taught import FOR_MODEL, as_taught, asks_for_report
from .topics import by_topic
from .values import answered_values
from .waves import answered_waves, leads_in, sizes
from .words import plain, without_context, without_wish

__all__ = ["answered", "as_taught", "by_evidence", "given", "in_words"]

Said = tuple[str, str]
"""An answer and where it is from; ("", "model") where there is none."""


def given(
    question: str,
    evidences: Sequence[Evidence],
    last_answer: str = "",
    with_measurements: bool = True,
    *,
    last_question: str = "",
    for_small_model: bool = False,
) -> Said:
    """An answer that needs no language model, and where it is from; ("", "model") where one has to answer.

    A question of several parts is answered part by part, if every part has an answer.

    Args:
        last_answer: what was said before, to which "Is that dangerous?" refers.
        with_measurements: whether the evidence may answer.
        last_question: what was asked before, which "And in ECG 2?" takes up.
        for_small_model: the language model knows reports and little else: what no rule understands is answered by the
            evidence on all that is named, and what is no English, by a sentence. A larger one is asked then.
    """
    question = bare(completed(spelt(without_wish(question)), last_question))
    ask = partial(_answer, evidences=evidences, last=last_answer, before=last_question, measured=with_measurements)
    parts = parts_of(question)
    if (len(parts) == 1 or NEW_AND_GONE.search(plain(question))) and (whole := ask(question))[0]:
        return whole
    each = [ask(parts[0]), *(ask(part, last="", before=earlier) for earlier, part in pairwise(parts))]
    if all(text for text, _ in each):
        origins = [origin for _, origin in each]
        origin = "evidence" if "evidence" in origins else origins[0]
        return _joined([text for text, _ in each]), origin
    if len(parts) > 1 and (whole := ask(question))[0]:
        return whole
    is_long = len(evidences) == 1 and evidences[0].record.duration_s > LONG_S
    if with_measurements and is_long and asks_for_report(question):
        return long_report(evidences[0]), "evidence"
    may_fill = for_small_model and bool(evidences) and with_measurements and not FOR_MODEL.search(plain(question))
    if may_fill and (filled := _filled(question, parts, [text for text, _ in each], evidences)):
        return filled, "evidence"
    if (for_small_model or not evidences) and (guessed := beyond(question)):
        return guessed, "scope"
    return (instead(evidences), "evidence") if may_fill else ("", "model")


def _answer(question: str, evidences: Sequence[Evidence], last: str, before: str, measured: bool) -> Said:
    """The answer to one question by rule; `last` and `before`: the answer and the question before."""
    said = [code for code, holds in findings_in_text(last).items() if holds and code not in ("NORM", "SR")]
    if said and len(evidences) > 1 and _IS_NEW.match(plain(question)):
        question = f"Is {phrase(said[0])} new?"
    if kind_beyond(question) in _FIRST:
        return str(beyond(question)), "scope"
    if evidences and measured:
        first = follow_up(question, before, last, evidences) or _of_recording(question, evidences)
        if first := first or _before_knowledge(question, evidences):
            return first, "evidence"
    if knowledge := answer_from_knowledge(question) or answer_back(question, said, f"{before} {last}"):
        return knowledge.text, "knowledge"
    if is_beyond_any_ecg(question):
        return str(beyond(question)), "scope"
    if evidences and all(evidence.unjudgeable for evidence in evidences):
        return abstention(evidences), "evidence"
    text = by_evidence(question, evidences) if measured else ""
    return (text, "evidence") if text else ("", "model")


def _filled(question: str, parts: Sequence[str], said: Sequence[str], evidences: Sequence[Evidence]) -> str:
    """The answers to the parts of a question, those without one by what they name; "" where nothing is named."""
    known = [text or named(part, evidences) for part, text in zip(parts, said, strict=True)]
    if any(known):
        return _joined([text for text in known if text]) + ("" if all(known) else f" {_REST}")
    return named(question, evidences)


_REST = "To the rest of the question I have no answer."


def _joined(texts: Sequence[str]) -> str:
    """The answers to the parts of a question, without one that another repeats."""
    unlike = [text for text in dict.fromkeys(texts) if not any(text in other and text != other for other in texts)]
    return ("\n\n" if any("\n" in text for text in unlike) else " ").join(unlike)


def _of_recording(question: str, evidences: Sequence[Evidence]) -> str:
    """Where the noise is, and what was recorded how, of ECGs that cannot be judged otherwise; "" where one can."""
    if not all(evidence.unjudgeable for evidence in evidences):
        return ""
    asked = plain(without_context(question))

    def of_one(evidence: Evidence) -> str:
        noise = places(question, evidence) if kind_in(question) == "noise" else ""
        return noise or by_topic(asked, evidence, "recording", OF_RECORDING, asked=leads_in(asked)[1])

    return of_each(of_one, evidences, judged_only=False)


def _before_knowledge(question: str, evidences: Sequence[Evidence]) -> str:
    """What is asked of the waves, numbers and findings "of this ECG", and decisions, though it sounds general."""
    if all(evidence.unjudgeable for evidence in evidences):
        return ""
    asked = plain(without_context(question))
    if len(evidences) > 1 and question.endswith("?") and not _ASKS_IN_GENERAL.match(asked):
        return by_evidence(question, evidences)

    def of_one(evidence: Evidence) -> str:
        if said := by_topic(asked, evidence, "decisions", DECISIONS):
            return said
        if _LOOKS_LIKE.match(asked) and (said := condition(without_context(question), evidence)):
            return said
        if question.endswith("?") and not _ASKS_IN_GENERAL.match(asked):
            named_only = (bare_concept := concept_named(asked)) and not bare_concept[1]
            if said := answered(question, [evidence]) or (
                condition(f"is there {asked}", evidence) if named_only else ""
            ):
                return said
        if _ABOUT_LEAD.match(asked):
            return answered_waves(asked, evidence)
        if leads_in(asked)[0] and _OF_WAVE.search(asked):
            return answered_waves(asked, evidence)
        if not _AT_HAND.search(asked):
            return ""
        return worry(asked, evidence) or answered_values(asked, evidence) or answered_waves(asked, evidence)

    return of_each(of_one, evidences)


_FIRST = ("self", "thanks", "greeting", "rewriting", "emergency")
"""Kinds of questions that are answered before anything of an ECG."""
_IS_NEW = re.compile(r"(?:and |so |but )?(?:is|are|was) (?:it|that|this|they|these) new(?: or old)?$")
_OF_WAVE = re.compile(r"\b(?:[pqrst][ -]waves?|qrs|st)\b")
_ASKS_IN_GENERAL = re.compile(
    r"(?:\w+ ){6}|.*\b(?:what|which|how|why|when|where|who|is|are|was|were|do|does|did|can|could|should|would|may|"
    r"might|cause\w*|means?|definition|criteria|vs|versus|or|difference|normal values?|ranges?|limits?|treat\w*)\b"
)
"""No terse question for this ECG ("poor R wave progression?", "QTc longer now?")."""
_LOOKS_LIKE = re.compile(r"(?:does|do|could|might) (?:it|this|that|the ecg|this ecg) (?:be|looks? like|resemble)\b")
_ABOUT_LEAD = re.compile(r"(?:tell me about|describe|what about|how (?:does|do)) (?:the )?(?:\w+ )?leads?\b")
_AT_HAND = re.compile(
    r"^(?:st|t|q|p)[ -](?:segments?|waves?) (?:ok|okay|fine|normal)$|\bdoes the .*\bmatter$|"
    r"\b(?:worr\w+|safe|danger\w*|concern\w*|serious|bad)\b.*\b(?:the|his|her|my|this|these) |"
    r"\b(?:the|his|her|my|this|these) .*\b(?:worr\w+|safe|danger\w*|concern\w*|serious|bad)\b"
)
_GENERAL_HERE = re.compile(
    r"(?:tell me )?(?:what|how) (?:is|are|was|do|does|did|about) (?:the|this|these|my|his|her)\b|tell me about\b"
)


def by_evidence(question: str, evidences: Sequence[Evidence]) -> str:
    """The answer to a question, if the evidence has it.

    With several ECGs, a question that names none and sets none in relation ("Is it normal?") is answered for each.
    """
    if len(evidences) < 2:
        return answered(question, evidences)
    return (
        _of_one(question, evidences)
        or answered_of_several(without_context(question), evidences)
        or of_each(lambda evidence: answered(_OF_EACH.sub(" ", question), [evidence]), evidences)
    )


_OF_EACH = re.compile(
    r"\b(?:(?:of|for|in|on) )?(?:each|every|all|both|any)(?: one| ecg| recording)?(?: of)?(?: (?:them|these|those))?"
    r"(?: ecgs?)?\b(?= ?[?.!]*$| an? )|\beach ecg's\b",
    re.I,
)


def _of_one(question: str, evidences: Sequence[Evidence]) -> str:
    """The answer to a question about one of several ECGs ("Does the second one show sinus rhythm?")."""
    about = about_one(question, evidences)
    if about is None:
        return ""
    number, asked = about
    if evidences[number].unjudgeable:
        return f"ECG {number + 1}: {abstention([evidences[number]])}"
    said = answered(asked, [evidences[number]])
    if not said and _DESCRIBE.match(asked) and not evidences[number].unjudgeable:
        said = in_full(evidences[number], asked)
    return f"ECG {number + 1}: {said}" if said else ""


_DESCRIBE = re.compile(
    r"(?:please )?(?:describe|report|summari[sz]e|interpret|tell me about|what (?:does|about|is))(?: show| on| in)? ?"
    r"this ecg(?: show)?$"
)


def answered(question: str, evidences: Sequence[Evidence]) -> str:
    """The answer that the evidence of one ECG gives by itself, or "" where the language model has to answer."""
    if len(evidences) != 1:
        return ""
    (evidence,) = evidences
    sized = sizes(plain(without_context(question)), evidence)
    if (
        first := at_time(question, evidence)
        or places(question, evidence)
        or sized
        or answered_values(question, evidence)
    ):
        return first  # "What is the heart rate?" sounds general and is not
    asked = plain(without_context(question))
    if asks_generally(question) and not OF_THIS_ECG.match(asked):
        here = answered_waves(asked, evidence) if _GENERAL_HERE.match(asked) else ""
        return here or by_topic(asked, evidence, "plainly", PLAINLY)
    of_findings = (normality, presence, kinds, choice, either)
    first = next((text for answer in of_findings if (text := answer(without_context(question), evidence))), "")
    return (
        first
        or answered_waves(asked, evidence)
        or by_topic(asked, evidence, "rhythm", OF_RHYTHM)
        or by_topic(asked, evidence, "recording", OF_RECORDING, asked=leads_in(asked)[1])
        or by_topic(asked, evidence, "plainly", PLAINLY)
        or by_topic(asked, evidence, "whole", OF_WHOLE)
        or condition(without_context(question), evidence)
    )
