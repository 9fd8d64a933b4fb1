"""Evaluation scores texts and heads as the rules say, keeps sources apart, and shows the baselines."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from anyecg.chat import EcgChat
from anyecg.conversation import conversation_schema, record_row, record_schema
from anyecg.findings import HEAD_LABELS
from anyecg.simulate import simulate
from tests.conftest import make_record, make_tiny_model
from train import curves
from train.baselines import constant_answers, question_kind, ridge_scores, withheld_ecgs
from train.evaluate import evaluate, in_short, make_parser, markdown
from train.evaluate_heads import group_scores, match_beats, sources_of


def test_beats_match_once_within_150_ms():
    gold = [(0.9, 1.1), (1.9, 2.1)]
    assert match_beats([(1.0, 1.2), (0.8, 1.0)], gold) == (1, 1, 1)
    assert match_beats([(1.04, 1.24), (2.06, 2.26)], gold) == (1, 1, 1)


def test_ridge_heads_learn_from_features_and_ignore_unknown_labels():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 5))
    labels = (x[:, :2] > 0).astype(float)
    labels[:100, 1] = -1
    scores = ridge_scores(x[:200], labels[:200], x[200:])
    assert np.corrcoef(scores[:, 0], labels[200:, 0])[0, 1] > 0.6 and scores.shape == (100, 2)


def test_withheld_ecgs_make_every_ecg_look_alike():
    model, processor = make_tiny_model()
    prompt = [{"role": "user", "content": [{"type": "ecg"}, {"type": "text", "text": "?"}]}]

    def logits(seed):
        inputs = processor.apply_chat_template(
            prompt,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"ecgs": [make_record(seed=seed)]},
        )
        return model(**inputs).logits[0, -1]

    assert not torch.equal(logits(0), logits(1))
    with withheld_ecgs(model):
        torch.testing.assert_close(logits(0), logits(1))
    assert not torch.equal(logits(0), logits(1))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Two sources with train and test records, one conversation per task and record."""
    folder = tmp_path_factory.mktemp("dataset")
    for source in ("alpha", "beta-x"):
        for split, seed in (("train", 1), ("test", 2)):
            sims = list(simulate(4, seed=seed, sampling_rate=100.0, conditions=("SR", "LVH")))
            rows = [
                record_row(
                    sim.record, record_id=f"{source}-{split}-{k}", source=source, patient_id=f"{source}{split}{k}",
                    split=split, findings=[*sim.findings, *(["super:HYP"] if k % 2 else [])],
                    known=("statements", "superclass"), events=(), known_events=("noise",),
                )
                for k, sim in enumerate(sims)
            ]  # fmt: skip
            talks = [talk(source, split, k, *task) for k in range(4) for task in TASKS]
            for kind, table in (
                ("records", (rows, record_schema())),
                ("conversations", (talks, conversation_schema())),
            ):
                (folder / kind).mkdir(exist_ok=True)
                pq.write_table(pa.Table.from_pylist(*table), folder / kind / f"{source}-{split}-00000.parquet")
    return folder


TASKS = (
    ("report", "Write a report.", "Sinus rhythm.", {"findings": ["SR"], "superclasses": ["NORM"]}),
    ("localization", "Locate the noise.", "No noise is present in this excerpt.", {"kind": "noise", "intervals": []}),
    ("measurement", "What is the rate?", "The heart rate is 70/min.", {"key": "heart_rate_bpm", "value": 70.0}),
    ("question", "Is this AF?", "No.", {"type": "verify", "answer": ["no"], "codes": []}),
)


def talk(source, split, k, task, question, answer, gold):
    return {
        "conversation_id": f"{source}-{split}-{task}-{k}", "task": task, "source": source, "split": split,
        "record_ids": [f"{source}-{split}-{k}"], "excerpts": [{"start_s": 0.0, "end_s": 10.0}], "leads": [[]],
        "turns": [
            {"role": "user", "text": question, "ecgs": [0]},
            {"role": "assistant", "text": answer, "ecgs": []},
        ],
        "provenance": ["test"], "gold": json.dumps(gold),
    }  # fmt: skip


def test_the_constant_answer_is_the_most_frequent_one_of_its_kind(dataset):
    answers = constant_answers([dataset], "alpha")
    assert answers["question:verify"] == "No."
    assert answers[question_kind("measurement", {"key": "heart_rate_bpm"})] == "The heart rate is 70/min."


def count_texts(monkeypatch):
    """How many conversations every call of `EcgChat.texts` is asked, in a list that grows."""
    asked, texts = [], EcgChat.texts

    def counted(self, conversations, **options):
        asked.append(len(conversations))
        return texts(self, conversations, **options, max_new_tokens=8)  # a tiny model knows no end

    monkeypatch.setattr(EcgChat, "texts", counted)
    return asked


def test_one_command_scores_every_source_apart_with_baselines(dataset, tmp_path, monkeypatch):
    model, processor = make_tiny_model()
    model.save_pretrained(tmp_path / "model")
    processor.save_pretrained(tmp_path / "model")
    args = make_parser().parse_args(
        [
            str(tmp_path / "model"),
            "--data",
            str(dataset),
            "--out",
            str(tmp_path / "out"),
            "--limit",
            "2",
            "--batch-size",
            "3",
        ]
    )
    table = evaluate(args)
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert set(results["sources"]) == {"alpha", "beta-x"}
    alpha = results["sources"]["alpha"]
    assert set(alpha["findings"]) == {"anyecg", "random encoder"}
    assert set(alpha["texts"]) == {"anyecg", "constant", "text-only", "event head"}
    assert alpha["texts"]["constant"]["question"]["exact match"]["value"] == 1.0
    assert alpha["texts"]["anyecg"]["question"]["exact match"]["n"] == 2
    lines = (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()
    assert len(lines) == 16 and {"text", "gold", "question", "conversation_id"} <= json.loads(lines[0]).keys()
    assert "## alpha" in table and "text-only" in table

    report = (tmp_path / "out" / "report.md").read_text()
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", report)
    assert len(pictures) >= 8 and all((tmp_path / "out" / picture).stat().st_size > 2000 for picture in pictures)
    assert "n = 4 records of 4 patients" in report and "ECE of superclasses" in report and "**Wrong**" in report
    with np.load(tmp_path / "out" / "heads-alpha.npz") as heads:
        assert heads["probabilities"].shape == heads["labels"].shape == (4, len(HEAD_LABELS))

    # Killed after nine answers, the same command asks the other seven alone and ends with the same results.
    (tmp_path / "out" / "predictions.jsonl").write_text("\n".join(lines[:9]) + "\n" + lines[9][:30])
    asked = count_texts(monkeypatch)
    evaluate(args)
    assert sum(asked) == 2 * 7  # with the ECG and without
    again = json.loads((tmp_path / "out" / "results.json").read_text())
    assert again["sources"] == results["sources"]


def test_a_figure_without_truth_is_a_dash():
    scores = {"IoU": {"value": None, "low": None, "high": None, "n": 0}, "BLEU-4": 0.25}
    parts = {"findings": {}, "beats": {}, "texts": {"anyecg": {"report": scores}}}
    text = markdown({"model": "m", "split": "test", "sources": {"s": parts}})
    assert "| IoU | – | 0 |" in text and "| BLEU-4 | 0.250 |  |" in text


def test_what_does_not_clear_the_best_baseline_is_not_learned():
    def figure(value, low, patients=9):
        return {"exact match": {"value": value, "low": low, "high": 0.95, "n": 40, "patients": patients}}

    def verdict(ours):
        systems = {"anyecg": ours, "constant": figure(0.5, 0.4), "text-only": figure(0.6, 0.5)}
        texts = {name: {"question": scores} for name, scores in systems.items()}
        return in_short({"s": {"findings": {}, "texts": texts}})[-1]

    assert verdict(figure(0.8, 0.7)) == (
        "| s | question: exact match | 0.800 (0.700-0.950) | 0.600 text-only | 40 | yes |"
    )
    assert verdict(figure(0.7, 0.55)).endswith("| no |") and "| 0.000 (0.000-0.950) |" in verdict(figure(0.0, 0.0))
    assert verdict(figure(0.9, 0.9, patients=3)).endswith("| 0.900 | 0.600 text-only | 40 | too few to say |")


def test_a_label_that_is_only_ever_known_to_be_present_does_not_score():
    labels = -np.ones((4, len(HEAD_LABELS)))
    labels[:, HEAD_LABELS.index("LVH")] = 1
    labels[:, HEAD_LABELS.index("AFIB")] = 0, 1, 0, 1
    p = np.full(labels.shape, 0.9)
    scores = group_scores(p, labels, list("abcd"), {})
    assert scores["macro F1, all statements"]["value"] == pytest.approx(2 / 3)  # AFIB alone
    assert scores["ECE, all statements"]["value"] == pytest.approx(0.4)


def test_form_is_also_scored_as_published_on_records_that_have_a_form_statement():
    labels = np.zeros((5, len(HEAD_LABELS)))
    columns = [HEAD_LABELS.index(code) for code in ("NDT", "PVC")]
    labels[[0, 1], columns[0]] = labels[[2, 3], columns[1]] = 1
    p = np.full(labels.shape, 0.1)
    p[:, columns[0]] = 0.6, 0.4, 0.3, 0.2, 0.5  # the last record has no form statement and is a false alarm of NDT
    p[:, columns[1]] = 0.2, 0.3, 0.6, 0.7, 0.1
    scores = group_scores(p, labels, list("abcde"), None)
    every, published = (
        scores[f"macro AUROC, form statements{name} (2 of 19 labels)"] for name in ("", " where there is one")
    )
    assert published["value"] == 1 and published["n"] == 4
    assert every["value"] == pytest.approx((5 / 6 + 1) / 2) and every["n"] == 5


def test_files_belong_to_the_source_in_their_name(tmp_path):
    files = [tmp_path / "ptb-xl-test-00000.parquet", tmp_path / "mitdb-test-00001.parquet"]
    assert set(sources_of(files)) == {"ptb-xl", "mitdb"}


def test_the_curves_are_written_as_a_table_with_figures(dataset, tmp_path):
    model, processor = make_tiny_model()
    model.save_pretrained(tmp_path / "model")
    processor.save_pretrained(tmp_path / "model")
    out = tmp_path / "out"
    table = curves.curves(
        curves.make_parser().parse_args(
            [str(tmp_path / "model"), "--data", str(dataset), "--out", str(out), "--sources", "alpha"]
        )
    )
    results = json.loads((out / "curves.json").read_text())
    assert set(results) == {"alpha"} and list(results["alpha"]) == ["leads", "duration"]
    assert results["alpha"]["leads"]["12 leads"] == results["alpha"]["duration"]["10 s"]
    assert results["alpha"]["leads"]["II"]["superclasses"]["n"] == 4
    areas = [results["alpha"]["leads"][name]["superclasses"] for name in ("12 leads", "II")]
    assert areas[1]["change"]["value"] == pytest.approx(areas[1]["value"] - areas[0]["value"])
    assert "| II and V1 |" in table and (out / "alpha-leads.png").stat().st_size > 2000


def test_beats_of_long_records_are_scored_with_all_leads_with_each_alone_and_at_lower_rates(tmp_path):
    record = next(simulate(1, seed=3, sampling_rate=360.0, duration_s=40.0, leads=("MLII", "V1"))).record
    beats = [{"kind": PVC, "start_s": t, "end_s": t + 0.4, "leads": []} for t in (5.0, 9.0)]
    row = record_row(
        record, record_id="r", source="holter", patient_id="p", split="valid", findings=(), known=(), events=beats,
        known_events=(PVC,),
    )  # fmt: skip
    file = tmp_path / "holter-valid-00000.parquet"
    pq.write_table(pa.Table.from_pylist([row], record_schema()), file)
    kinds = curves._beat_curves(SeesTwoLeads(beats), [file], None)
    scores = {kind: {name: f[f"{PVC}, F1"]["value"] for name, f in rows.items()} for kind, rows in kinds.items()}
    assert scores == {
        "ectopic beats, leads": {"as recorded": 1.0, "lead 1 alone": 0.0, "lead 2 alone": 0.0},
        "ectopic beats, sampling rate": {"as recorded": 1.0, "250 Hz": 1.0, "100 Hz": 1.0},
    }


PVC = "premature ventricular contraction"


class SeesTwoLeads:
    """A chat that finds the given beats when it is shown two leads, and none in one."""

    def __init__(self, beats):
        self.beats = beats

    def evidence(self, record):
        return SimpleNamespace(events=self.beats if len(record.leads) == 2 else [])
