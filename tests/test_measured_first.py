"""What was measured reaches the user: critical values first, what changed, what a fault forbids."""

import numpy as np
import pytest
from conftest import make_tiny_model
from fake_chat import FakeChat

from anyecg.answer import critical_sentences
from anyecg.chat import EcgChat
from anyecg.measure.faults import apply_fault
from anyecg.record import EcgRecord
from anyecg.simulate import simulate, simulate_visits
from app.evidence_view import evidence_html
from app.session import Session, take_records
from app.uploads import Uploads


@pytest.fixture(scope="module")
def chat():
    return EcgChat(*make_tiny_model())


def first(condition, seed=3):
    return next(simulate(1, seed=seed, conditions=[condition])).record


def test_a_critical_value_stands_in_the_first_answer_before_any_token(chat):
    answer = next(chat.stream([first("VFIB")], "What does this ECG show?", max_new_tokens=3))
    assert answer.critical[0]["ecg"] == 1 and answer.critical[0]["source"]
    assert critical_sentences(answer)[0].lower().count("fibrillation") >= 1
    html = evidence_html(answer)
    assert html.index("Critical, measured") < html.index("ECG 1")


def test_a_normal_ecg_has_no_critical_value(chat):
    answer = chat.ask([first("NORM", seed=8)], "What does this ECG show?", max_new_tokens=3)
    assert answer.critical == [] and answer.changes is None


def test_several_ecgs_come_with_what_changed_by_measurement(chat):
    visits = [ecg.record for ecg in next(simulate_visits(1, 3, seed=4))]
    answer = chat.ask(visits, "What has changed?", max_new_tokens=3)
    assert answer.changes["ecgs"] == 3
    assert {"values", "differences", "limit", "exceeds"} <= answer.changes["rows"][0].keys()
    assert "What changed, measured" in evidence_html(answer)
    assert "median_beat" not in answer.evidence[0]["measurements"]


def test_a_fault_says_what_it_forbids(chat):
    exchanged, _ = apply_fault(first("NORM", seed=8), "RA-LA", np.random.default_rng(0))
    said = chat.ask([exchanged], "What is the axis?", max_new_tokens=3).warnings
    assert any("arm leads look reversed" in sentence for sentence in said)


def test_what_is_no_ecg_is_not_answered(chat):
    tone = EcgRecord(np.sin(2 * np.pi * 7 * np.arange(5000) / 500)[None], ("II",), 500.0)
    answer = chat.ask([tone], "What does this ECG show?")
    assert answer.text.startswith("I cannot tell") and "does not look like an ECG" in answer.text


def test_the_page_shows_critical_values_above_the_text(tmp_path):
    class Urgent(FakeChat):
        def stream(self, *given, **options):
            for answer in super().stream(*given, **options):
                answer.critical = [
                    {"ecg": 1, "sentence": "Asystole for 4 s.", "source": "x", "start_s": 1.0, "end_s": 5.0}
                ]
                yield answer

    session = Session(Uploads(tmp_path))
    list(take_records(Urgent(), session, "What is it?", [first("NORM")]))
    assert session.messages[-1]["content"].startswith("**Asystole for 4 s.**")
    assert "Asystole" not in session.history[-1]["text"]
