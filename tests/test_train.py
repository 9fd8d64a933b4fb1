"""The curriculum runs, resumes where it was killed, and refuses configurations that contradict themselves."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from anyecg.conversation import conversation_schema, record_row, record_schema
from anyecg.events import with_measured_kind
from anyecg.feature_extraction_anyecg import AnyEcgFeatureExtractor
from anyecg.findings import EVENT_KINDS, HEAD_LABELS
from tests.conftest import make_record
from train.augment import augment, blend
from train.calibrate import best_threshold, calibrate, logistic, platt
from train.data import EvidenceDataset, MixtureSampler, event_array, event_labels, kinds_of, label_vector
from train.optimizer import one_cycle
from train.run import run
from train.stages import Stage, load_curriculum

CONFIGS = Path(__file__).parents[1] / "train" / "configs"
LEADS = ("I", "II", "V1", "V5")


def write_dataset(folder, n=8, ecgs=()):
    """A tiny dataset of noise with labels, or of ECGs that were not measured yet, in the tables' format."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for split in ("train", "valid"):
        records = [
            record_row(
                ecgs[k] if ecgs else make_record(LEADS, 10.0, seed=k), record_id=f"r{split}{k}", source="simulated",
                patient_id=f"{split}{k}", split=split, known=["statements"],
                findings=["SR", "super:NORM"] if k % 2 else ["AFIB"],
                events=[{"kind": EVENT_KINDS[1], "start_s": 1.0, "end_s": 1.1, "leads": []}],
                known_events=[EVENT_KINDS[1]],
                measurements=None if ecgs else {"heart_rate_bpm": 70.0 + k, "quality": {"I": "good"}},
            )
            for k in range(n)
        ]  # fmt: skip
        talks = [
            {
                "conversation_id": f"{split}-{task}-{k}", "task": task, "source": "simulated", "split": split,
                "record_ids": [f"r{split}{k}"], "excerpts": [{"start_s": 0.0, "end_s": 10.0 if k % 2 else 5.0}],
                "leads": [[] if k % 3 else ["II"]],
                "turns": [
                    {"role": "user", "text": "Describe.", "ecgs": [0]},
                    {"role": "assistant", "text": "Sinus rhythm" + ", regular" * (k % 4) + ".", "ecgs": []},
                ],
                "provenance": ["labels"], "gold": json.dumps({"findings": ["SR"]}),
            }
            for k in range(n) for task in ("report", "localization", "question", "comparison", "measurement")
        ]  # fmt: skip
        tables = (("records", records, record_schema()), ("conversations", talks, conversation_schema()))
        for kind, rows, schema in tables:
            (folder / kind).mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(rows, schema), folder / kind / f"simulated-{split}-00000.parquet")
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("data"))


def smoke(**changes):
    curriculum = load_curriculum(CONFIGS / "smoke.yaml")
    stages = tuple(replace(s, steps=3, checkpoint_every=1, **changes) for s in curriculum.stages)
    return replace(curriculum, stages=stages)


def test_every_stage_of_the_smoke_curriculum_runs_and_the_model_is_calibrated(data, tmp_path):
    last = run(smoke(), [data], tmp_path)
    assert last.name == "stage3-conversation" and (last / "model.safetensors").exists()
    assert not list(tmp_path.glob("*.checkpoint*"))
    calibrate(last, [data])
    calibration = json.loads((last / "config.json").read_text())["calibration"]
    assert set(calibration["findings"]) == set(HEAD_LABELS) and set(calibration["events"]) == set(EVENT_KINDS)


def test_a_killed_run_resumes_to_the_same_weights(data, tmp_path, monkeypatch):
    from safetensors.torch import load_file

    import train.stage_run as loop

    curriculum = smoke(ema_decay=0.9)
    curriculum = replace(curriculum, stages=curriculum.stages[:2])
    whole = load_file(run(curriculum, [data], tmp_path / "whole") / "model.safetensors")
    for kill_at in (1, 2):
        out = tmp_path / f"killed{kill_at}"
        for stage in curriculum.stages:
            with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
                kill(patch, loop, stage.name, kill_at)
                run(curriculum, [data], out)
        resumed = load_file(run(curriculum, [data], out) / "model.safetensors")
        assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_stage_with_teacher_blends_and_validation_resumes_to_the_same_weights(data, tmp_path, monkeypatch):
    from safetensors.torch import load_file

    import train.stage_run as loop

    first = replace(smoke(), stages=smoke().stages[:1])
    teacher = run(first, [data], tmp_path / "teacher")
    # Simulated records have no teacher and do not validate: here they stand for real ones.
    monkeypatch.setattr("train.selection.EXACT_SOURCES", ())
    stage = replace(first.stages[0], teachers=(str(teacher),), mixup=0.5, validate_every=2, ema_decay=0.9)
    curriculum = replace(first, stages=(stage,))
    whole = run(curriculum, [data], tmp_path / "whole")
    log = json.loads((whole / "training_log.json").read_text())["log"]
    assert [row["step"] for row in log if "validation_auroc" in row] == [2, 3]
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        kill(patch, loop, stage.name, 2)
        run(curriculum, [data], tmp_path / "killed")
    resumed, whole = (
        load_file(path / "model.safetensors") for path in (run(curriculum, [data], tmp_path / "killed"), whole)
    )
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_an_earlier_stage_of_the_run_can_teach(data, tmp_path, monkeypatch):
    first = replace(smoke().stages[0], steps=1)
    elsewhere = tmp_path / "other" / "model"
    second = replace(first, name="second", teachers=(first.name, str(elsewhere)))
    taught: list[Path] = []
    monkeypatch.setattr("train.stage_run.softened", lambda rows, teachers, weight: taught.extend(teachers) or rows)
    both = replace(smoke(), stages=(first, second))
    with pytest.raises(ValueError, match=f"'second' has the teacher .*model', which is no .* are {first.name}"):
        run(both, [data], tmp_path / "run")
    assert not (tmp_path / "run").exists()
    elsewhere.mkdir(parents=True)
    run(both, [data], tmp_path / "run")
    assert taught == [tmp_path / "run" / first.name, elsewhere]


def test_a_trained_encoder_is_taken_over_with_its_architecture(data, tmp_path):
    from train.assemble import load_model

    direct = {**smoke().ecg_config, "fusion": "direct", "num_step_blocks": 1}
    encoder = run(replace(smoke(), ecg_config=direct, stages=smoke().stages[:1]), [data], tmp_path / "encoder")
    model, _ = load_model(run(replace(smoke(), stages=()), [data], tmp_path / "chat", encoder=encoder))
    taken, given = (m.model.ecg_tower.state_dict() for m in (model, load_model(encoder)[0]))
    assert model.config.ecg_config.fusion == "direct" and all(torch.equal(taken[n], given[n]) for n in given)


@pytest.mark.parametrize("hidden_size", [32, 48], ids=["same width", "another width"])
def test_a_whole_model_takes_over_another_encoder(data, tmp_path, hidden_size):
    from anyecg.chat import EcgChat
    from train.assemble import load_model

    chat = run(replace(smoke(), stages=()), [data], tmp_path / "chat")
    other = {**smoke().ecg_config, "fusion": "direct", "hidden_size": hidden_size, "patch_s": 0.4, "steps_per_token": 2}
    encoder = run(replace(smoke(), ecg_config=other, seed=1, stages=()), [data], tmp_path / "encoder")
    joined = run(replace(smoke(), stages=()), [data], tmp_path / "joined", init=chat, encoder=encoder)
    models = {folder: load_model(folder) for folder in (chat, encoder, joined)}
    parts = {folder: model.state_dict() for folder, (model, _) in models.items()}
    for name, tensor in parts[joined].items():
        if "ecg_tower" in name:
            assert torch.equal(tensor, parts[encoder][name])
        elif "ecg_projector" not in name or hidden_size == 32:
            assert torch.equal(tensor, parts[chat][name])
    assert parts[joined]["model.ecg_projector.summary_in.weight"].std() > 0.01
    assert models[joined][0].config.ecg_config.fusion == "direct"
    assert models[joined][1].feature_extractor.patch_s == 0.4
    assert EcgChat.from_pretrained(joined).ask([make_record(LEADS, 10.0)], "Describe.", max_new_tokens=2) is not None


def test_the_weights_with_the_best_validation_are_saved(data, tmp_path, monkeypatch):
    from safetensors.torch import load_file

    figures = iter([0.9, 0.8, 0.7])
    monkeypatch.setattr("train.selection.EXACT_SOURCES", ())
    monkeypatch.setattr("train.selection.Validation.score", lambda self, model: next(figures))
    stage = replace(smoke().stages[0], validate_every=1)
    one = replace(smoke(), stages=(stage,))
    kept = load_file(run(one, [data], tmp_path / "kept") / "model.safetensors")
    last = load_file(run(replace(smoke(), stages=smoke().stages[:1]), [data], tmp_path / "last") / "model.safetensors")
    name = next(n for n in kept if n.endswith("findings_head.weight"))
    assert not torch.equal(kept[name], last[name])


def test_teachers_fill_what_is_unknown_and_leave_unlabelled_and_simulated_records(monkeypatch):
    from train.selection import softened

    monkeypatch.setattr("train.selection._probabilities", lambda folder, rows: np.full((len(rows), 3), 0.8))
    rows = [
        {"labels": np.array(labels, dtype=np.int8), "source": source}
        for labels, source in (([1, 0, -1], "ptb-xl"), ([-1, -1, -1], "mitdb"), ([1, 0, -1], "simulated"))
    ]
    taught = softened(rows, [Path("teacher")], 0.25)
    assert [row["labels"].tolist() for row in taught] == [[0.95, 0.2, 0.8], [-1, -1, -1], [1, 0, -1]]
    assert rows[0]["labels"].tolist() == [1, 0, -1]  # another stage may learn from the same rows


def test_a_blend_mixes_signals_and_known_findings_of_like_excerpts(data):
    extractor = AnyEcgFeatureExtractor()
    rows = EvidenceDataset([data], "train", extractor).rows
    rng = np.random.default_rng(0)
    blends = blend(rows, 1.0, rng)
    assert any(((row["labels"] > 0) & (row["labels"] < 1)).any() for row in blends)
    assert all(not row["known_events"].any() for row in blends)
    assert all(((row["labels"] >= 0) == (rows[0]["labels"] >= 0)).all() for row in blends)
    other = [rows[0], rows[1] | {"values": rows[1]["values"][:1], "lead_ids": rows[1]["lead_ids"][:1]}]
    assert all(
        new["values"].shape == old["values"].shape for new, old in zip(blend(other, 1.0, rng), other, strict=True)
    )


def test_evidence_options_of_a_conversation_stage_are_refused():
    with pytest.raises(ValueError, match="evidence's"):
        Stage("s", "conversation", 1, 1, 1e-3, mixup=0.5)


def test_calibrating_on_a_source_that_is_not_there_is_refused(data, tmp_path):
    curriculum = smoke()
    model = run(replace(curriculum, stages=curriculum.stages[:1]), [data], tmp_path)
    with pytest.raises(ValueError, match="no validation record is of the sources ptb-xl"):
        calibrate(model, [data], ["ptb-xl"])


def kill(patch, loop, stage_name, step):
    """Stop the named stage before the update that follows this step."""
    update = loop.StageRun._update

    def dying(self):
        if self.stage.name == stage_name and self.step == step:
            raise KeyboardInterrupt
        update(self)

    patch.setattr(loop.StageRun, "_update", dying)


@pytest.mark.parametrize("config", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_config_is_valid(config):
    curriculum = load_curriculum(config)
    assert curriculum.stages and len({stage.name for stage in curriculum.stages}) == len(curriculum.stages)


def test_lora_and_full_training_contradict():
    with pytest.raises(ValueError, match="choose one"):
        Stage("s", "conversation", 1, 1, 1e-3, trainable=("language_model",), lora_rank=8)


def test_an_unknown_key_is_named(tmp_path):
    (tmp_path / "c.yaml").write_text("name: x\nstagess: 1\nstages: []\n")
    with pytest.raises(ValueError, match="stagess"):
        load_curriculum(tmp_path / "c.yaml")


def test_labels_are_unknown_where_the_source_is_silent():
    labels = dict(zip(HEAD_LABELS, label_vector(["AFIB", "super:MI"], ["rhythm", "superclass"]), strict=True))
    assert labels["AFIB"] == 1 and labels["SR"] == 0 and labels["super:NORM"] == 0 and labels["IMI"] == -1


def test_event_steps_follow_the_window():
    beat = {"kind": "QRS complex", "start_s": 1.02, "end_s": 1.12}
    events = event_array([beat, {"kind": "atrial fibrillation", "start_s": 0.5, "end_s": 9}])
    known = np.ones(len(EVENT_KINDS), dtype=bool)
    labels = event_labels(events, known, 0.8, 5, 0.2)
    assert labels[:, EVENT_KINDS.index("QRS complex")].tolist() == [0, 1, 0, 0, 0]
    assert labels[:, EVENT_KINDS.index("atrial fibrillation")].all()


def test_the_mixture_is_drawn_by_weight_and_continues_at_any_draw():
    kinds = [("a",)] * 50 + [("b",)] * 5
    mixture = {"a": 0.25, "b": 0.75}
    drawn = list(MixtureSampler(kinds, mixture, 4000, seed=1))
    assert abs(np.mean(np.array(drawn) >= 50) - 0.75) < 0.03
    assert list(MixtureSampler(kinds, mixture, 4000, seed=1, start=1234)) == drawn[1234:]


def test_rows_of_like_length_share_a_batch_and_none_is_lost():
    lengths = [k * 7 % 100 for k in range(320)]
    plain = list(MixtureSampler([("a",)] * 320, {}, 320, seed=3))
    drawn = np.array(list(MixtureSampler([("a",)] * 320, {}, 320, seed=3, lengths=lengths, batch_size=10)))
    spread = np.ptp(np.array(lengths)[drawn].reshape(-1, 10), axis=1).mean()
    assert sorted(drawn) == sorted(plain) and spread < 30 < np.ptp(np.array(lengths)[plain[:10]])


def test_augmentation_keeps_lead_names_with_their_signals(data):
    from anyecg.configuration_anyecg import AnyEcgEncoderConfig
    from train.assemble import feature_extractor_for

    row = EvidenceDataset([data], "train", feature_extractor_for(AnyEcgEncoderConfig()), limit=1).rows[0]
    row = row | {"values": np.ones_like(row["values"]) * row["lead_ids"][:, None, None]}
    for seed in range(20):
        new = augment(row, np.random.default_rng(seed), 20)
        level = new["values"].mean(axis=(1, 2)) / new["lead_ids"]
        assert new["mask"].any(axis=1).all() and np.allclose(level, level[0], rtol=0.12)


def test_the_learning_rate_rises_then_falls():
    stage = Stage("s", "conversation", 100, 1, 1e-3)
    rates = [one_cycle(step, stage) for step in range(100)]
    assert rates[0] < rates[9] == 1.0 > rates[50] > rates[99] and math.isclose(rates[99], 0.01, abs_tol=0.01)


def test_platt_scaling_repairs_overconfident_logits():
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 1.5, 4000)
    labels = (rng.random(4000) < 1 / (1 + np.exp(-truth))).astype(int)
    scale, shift = platt(truth * 3 + 1, labels)
    assert abs(scale - 1 / 3) < 0.05 and abs(shift + 1 / 3) < 0.15


def test_the_threshold_maximises_f1():
    probabilities = np.array([0.9, 0.8, 0.3, 0.2, 0.1])
    assert best_threshold(probabilities, np.array([1, 1, 1, 0, 0])) == pytest.approx(0.3)


def test_a_measured_kind_that_is_right_more_often_than_the_head_counts_more():
    rng = np.random.default_rng(0)
    labels = (rng.random(3000) < 0.2).astype(int)
    agrees = np.where(rng.random(3000) < 0.05, 1 - labels, labels)
    odds = 2 * labels - 1 + rng.normal(0, 3, 3000)
    scale, measured, shift = logistic(np.column_stack([odds, agrees]), labels)
    fitted = {"scale": scale, "measured": measured, "shift": shift}
    head = 1 / (1 + np.exp(-odds))
    joined = with_measured_kind(head, agrees.astype(bool), fitted)
    assert ((joined > 0.5) == labels).mean() > 0.94 > ((head > 0.5) == labels).mean() + 0.1
    assert measured > scale > 0


def test_a_mixture_may_name_sources_tasks_and_types_of_question():
    rows = [
        {"source": "ecg-qa", "task": "question", "gold": '{"type": "verify"}'},
        {"source": "ptb-xl", "task": "question", "gold": '{"type": "knowledge"}'},
        {"source": "ptb-xl", "task": "report", "gold": ""},
    ]
    kinds = [kinds_of(row) for row in rows]
    assert kinds[1] == ("ptb-xl:question", "question:knowledge", "question") and kinds[2] == ("ptb-xl:report", "report")
    mixture = {"ecg-qa:question": 1.0, "question:knowledge": 0.0, "report": 1.0}
    assert set(MixtureSampler(kinds, mixture, 50, 0)) == {0, 2}
