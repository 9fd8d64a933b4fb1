"""Tests for the written answers: concepts, and what is beyond any ECG."""

import subprocess
import sys

import pytest

from anyecg.knowledge import answer_back, answer_from_knowledge
from anyecg.knowledge.beyond import beyond, kind_beyond, written
from anyecg.knowledge.concepts import concepts, terms, vocabulary
from anyecg.knowledge.terms import corrected, find_terms, stem, words
from data_builders.questions import followup
from data_builders.questions.knowledge import ASPECTS, HELD_OUT


@pytest.mark.parametrize(
    ("question", "concept", "aspect"),
    [
        ("What is a Mobitz 1 block?", "second-degree AV block Mobitz type 1", "means"),
        ("How dangerous is long QT?", "long QT syndrome", "urgency"),
        ("What causes right axis deviation?", "right axis deviation", "causes"),
        ("Brugada?", "the Brugada pattern", "means"),
        ("explain WPW", "the Wolff-Parkinson-White pattern", "means"),
        ("whats a normal pr interval", "the PR interval", "criteria"),
        ("hyperkalemia ecg changes", "hyperkalaemia", "criteria"),
        ("what mimics atrial fibrilation", "atrial fibrillation", "look_alikes"),
        ("Is left bundle-branch block dangerous?", "left bundle branch block", "urgency"),
        ("next steps in torsades", "torsades de pointes", "next"),
        ("peaked T waves in hyperkalaemia, why?", "hyperkalaemia", "causes"),
    ],
)
def test_a_general_question_gets_the_written_passage_and_its_source(question, concept, aspect):
    answer = answer_from_knowledge(question)
    assert answer is not None and (answer.concept, answer.aspect) == (concept, aspect)
    assert answer.passage == concepts()[concept][aspect]
    assert answer.text.endswith(f"{answer.passage} (Source: {answer.source}.)")
    assert not any(short in answer.source for short in ("BRADY", "CHOU", "UDMI"))


def test_a_list_of_causes_says_what_of():
    answer = answer_from_knowledge("where does long QT come from")
    assert answer is not None and answer.text.startswith("Long QT syndrome, causes: Inherited channel disease")


@pytest.mark.parametrize("table", [ASPECTS, HELD_OUT])
def test_every_seventh_concept_is_understood_in_every_phrasing(table):
    for name in sorted(concepts())[::7]:
        for aspect, phrasings in table.items():
            for phrasing in phrasings[3:] if table is ASPECTS else phrasings:
                answer = answer_from_knowledge(phrasing.format(name))
                assert answer is not None and (answer.concept, answer.aspect) == (name, aspect), phrasing.format(name)


@pytest.mark.parametrize("question", ["Mobitz 1 vs. Mobitz 2", "What is the difference between Mobitz I and II?"])
def test_a_difference_sets_both_concepts_side_by_side(question):
    answer = answer_from_knowledge(question)
    assert answer is not None and answer.aspect == "difference"
    first, second = answer.text.split("\n\n")
    assert concepts()["second-degree AV block Mobitz type 1"]["means"] in first
    assert concepts()["second-degree AV block Mobitz type 2"]["means"] in second


@pytest.mark.parametrize(
    "question",
    [
        "Is there atrial fibrillation?", "What is the heart rate?", "How long is the PR interval here?", "afib?",
        "QTc?", "What causes the irregular rhythm in this ECG?", "What is the QTc?", "What is the QRS duration?",
        "What causes the atrial fibrillation?", "Is this long QT dangerous?", "What about an inferior infarction?",
        "Which leads show ST elevation?", "What causes ST elevation in pericarditis?", "sinus rhythm or flutter?",
        "Is he okay?", "anything scary?", "summary please", "", "?", "LA enlargement?", "Normal?", "impression?",
        "What could it be confused with?", "What are anterior ischaemic ST-T changes?", "should I worry about his PVCs",
        "By what do you recognise it?", "what do you make of it",
    ],
)  # fmt: skip
def test_questions_about_the_ecg_at_hand_are_left_alone(question):
    assert answer_from_knowledge(question) is None
    assert beyond(question) is None


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("how much bisoprolol for AF?", "treatment"), ("Can I give her amiodarone?", "treatment"),
        ("what's the prognosis", "future"), ("bp?", "blood"), ("What is the serum potassium?", "blood"),
        ("how old is the patient", "person"), ("I've got chest pain, is it a STEMI?", "emergency"),
        ("whats the EF", "imaging"), ("does he have diabetes", "illness"),
        ("What should I have for lunch?", "off topic"),
        ("who are you", "self"), ("What can you do?", "self"), ("Is this a medical device?", "self"),
        ("thanks!", "thanks"),
        ("Translate the report into German.", "rewriting"), ("Make it shorter", "rewriting"),
        ("Was siehst du?", "language"), ("Gibt es Vorhofflimmern?", "language"), ("Ist das EKG normal?", "language"),
        ("¿Es normal este electrocardiograma?", "language"), ("asdf qwer zxcv", "unclear"),
        ("What is 17 times 23?", "off topic"), ("Write me a poem about the heart", "off topic"),
        ("write me a poem about spring", "off topic"), ("how do I sort a list in python", "off topic"),
    ],
)  # fmt: skip
def test_what_no_ecg_can_answer_is_said_to_be_so(question, kind):
    assert kind_beyond(question) == kind
    assert answer_from_knowledge(question) is None
    assert beyond(question) == next(group["answer"] for group in written()["answers"] if group["kind"] == kind)


def test_every_question_of_the_builder_gets_its_own_answer():
    for group in written()["answers"]:
        assert all(kind_beyond(question) == group["kind"] for question in group["questions"])


def test_own_symptoms_are_sent_to_the_emergency_services():
    assert "call the emergency services now" in (beyond("my chest hurts") or "")


@pytest.mark.parametrize("aspect", sorted(followup._BACK))
def test_a_question_that_refers_back_is_about_the_finding_named_before(aspect):
    for question in followup._BACK[aspect]:
        answer = answer_back(question, ["AFIB", "LVH"])
        assert answer is not None and answer.passage == concepts()["atrial fibrillation"][aspect], question


@pytest.mark.parametrize(
    "question",
    [
        "Where exactly?", "Are you sure about that?", "And the QTc?", "Is it in all leads?", "When do you see that?",
        "What do you see in V2?", "Is this ECG normal?", "Is it regular?", "What causes LBBB?", "what can you do",
    ],
)  # fmt: skip
def test_other_follow_up_questions_do_not_refer_back(question):
    assert answer_back(question, ["AFIB"]) is None
    assert answer_back("Is that dangerous?", []) is None


def test_no_spelling_stands_for_two_concepts():
    spelled = [
        {tuple(stem(word) for word in words(spelling)) for spelling in concept.get("also", ())}
        for concept in concepts().values()
    ]
    for k, first in enumerate(spelled):
        assert not any(first & second for second in spelled[k + 1 :])
    assert set(concepts()) <= set(terms().values())


def test_spelling_and_slips_of_the_keyboard_make_no_difference():
    assert stem("hyperkalaemias") == stem("hyperkalemia")
    assert stem("repolarisation") == stem("repolarization")
    assert corrected(["pericardits", "lunch"], vocabulary()) == ["pericarditis", "lunch"]


def test_the_longest_term_counts():
    found = find_terms(["an", "av", "block", "here"], {("av",): "short", ("av", "block"): "long"})
    assert [(span.term, span.start, span.stop) for span in found] == [("long", 1, 3)]


def test_knowledge_needs_no_torch():
    code = "import sys; import anyecg.knowledge; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_thanks_are_not_a_greeting():
    for said in ("thanks", "Thank you very much!", "ok thanks doc"):
        assert beyond(said).startswith("You are welcome."), said
    assert beyond("hello").startswith("Hello.")
