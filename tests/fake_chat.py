"""A stand-in for `EcgChat`: answers at once, with evidence, so that the page can be tested without a model."""

import contextlib
import threading
import time

from anyecg.answer import Answer
from anyecg.findings import phrase

BEAT = {"kind": "premature ventricular contraction", "start_s": 2.0, "end_s": 2.4, "leads": []}


class FakeChat:
    """Says what it was asked, word by word, and remembers the calls."""

    def __init__(self, pause_s=0.0, error=None, contradictions=(), words=()):
        self.pause_s, self.error = pause_s, error
        self.contradictions, self.words = list(contradictions), list(words)
        self.calls = []

    def stream(self, records, question, *, history=(), max_new_tokens=256, stop=None, with_measurements=True):
        if self.error:
            raise self.error
        self.calls.append({"records": list(records), "question": question, "history": list(history)})
        stop = stop or threading.Event()
        words = self.words or f"Sinus rhythm at 72/min in {len(records)} ECG. You asked: {question}".split()
        said = []
        for word in words:
            if stop.is_set():
                break
            said.append(word)
            time.sleep(self.pause_s)
            yield Answer(text=" ".join(said))
        yield Answer(
            text=" ".join(said), evidence=[evidence(record) for record in records],
            intervals=[{"ecg": len(records), **BEAT}],
            contradictions=self.contradictions, warnings=["The network saw nothing like this."],
            first_token_s=0.21, total_s=0.9, tokens=len(said), done=True, stopped=stop.is_set(),
        )  # fmt: skip


def evidence(record):
    """What `EcgChat` says of a recording, with made-up numbers."""
    return {
        "record": record.name,
        "measurements": {
            "heart_rate_bpm": 72.0, "heart_rate_min_bpm": 70.1, "heart_rate_max_bpm": 75.0, "rr_sd_ms": 21.0,
            "rhythm_regularity": "regular", "p_ms": 104.0, "pr_ms": 160.0, "qrs_ms": 92.0, "qt_ms": 390.0,
            "qtc_bazett_ms": 427.0, "qtc_fridericia_ms": 414.0, "axis_deg": None,
            "not_measurable": {"axis_deg": "no limb leads"}, "quality": {lead: "good" for lead in record.leads},
            "beats": [{"time_s": 0.5, "kind": "N"}, {"time_s": 2.2, "kind": "V"}],
            "leads": {lead: {"r_mv": 1.02, "s_mv": -0.2, "st_mv": 0.01, "t_mv": None} for lead in record.leads},
        },
        "findings": [
            {"code": code, "phrase": phrase(code), "probability": p, "present": p > 0.5}
            for code, p in (("SR", 0.97), ("PVC", 0.81), ("IMI", 0.12), ("LVH", 0.004))
        ],
        "superclasses": {"NORM": 0.1, "MI": 0.12, "STTC": 0.2, "CD": 0.05, "HYP": 0.03},
        "rhythms": {"SR": 0.97},
        "events": [BEAT | {"probability": 0.9}],
        "quality": {lead: "good" for lead in record.leads},
        "abstained": False, "reason": None,
    }  # fmt: skip


@contextlib.contextmanager
def slowly(chat, n_words, pause_s=0.05):
    """Answers of so many words, one per pause: "word0 word1 …"; what is still being said ends with the block."""
    words = [f"word{k}" for k in range(n_words)]
    chat.words, chat.pause_s = words, pause_s
    try:
        yield
    finally:
        words.clear()
        chat.words, chat.pause_s = [], 0.02
