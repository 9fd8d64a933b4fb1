"""The comparison of fusions gives every encoder the same input, counts beats rightly, and goes on after a kill."""

import argparse

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from anyecg.conversation import record_row, record_schema
from anyecg.findings import EVENT_KINDS
from anyecg.simulate import simulate
from benchmarks import fusions


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    (folder / "records").mkdir()
    cases = (("ptb-xl", 10.0, ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), 4), ("mitdb", 10.0, ("MLII", "V1"), 2))
    for source, duration_s, leads, n in cases:
        for split, seed in (("train", 1), ("valid", 2)):
            rows = [
                record_row(
                    sim.record, record_id=f"{source}-{split}-{k}", source=source, patient_id=f"{split}{k}", split=split,
                    findings=["super:HYP"] * (k % 2), known=("superclass",) if source == "ptb-xl" else (),
                    events=[{"kind": fusions.PVC, "start_s": 4.0, "end_s": 4.4, "leads": []},
                            {"kind": "normal beat", "start_s": 5.0, "end_s": 5.3, "leads": []}],
                    known_events=("normal beat", fusions.PVC),
                )
                for k, sim in enumerate(
                    simulate(n, seed=seed, sampling_rate=100.0, duration_s=duration_s, leads=leads)
                )
            ]  # fmt: skip
            table = pa.Table.from_pylist(rows, record_schema())
            pq.write_table(table, folder / "records" / f"{source}-{split}-00000.parquet")
    return folder


def test_coarser_steps_hold_the_same_samples_and_every_event(data):
    rows = fusions.read([data], "valid")
    fine = fusions.EvidenceCollator(20, 0.2, 0, False)(rows)
    coarse = fusions.coarser(fine, 10)
    assert coarse["ecg_values"].shape == (6, 8, 5, 200) and coarse["patch_times"][0].tolist() == [0, 2, 4, 6, 8]
    torch.testing.assert_close(coarse["ecg_values"].flatten(2), fine["ecg_values"].flatten(2))
    kind = EVENT_KINDS.index(fusions.PVC)
    assert coarse["event_labels"][0, :, kind].tolist() == [0, 0, 1, 0, 0]
    odd = fusions.coarser(fine, 4)  # 50 steps make twelve and a half
    assert odd["ecg_mask"].shape[2] == 13 and (odd["patch_times"] >= 0).all()


def test_a_beat_is_called_at_its_r_peak(data):
    rows = [row for row in fusions.read([data], "valid") if row["source"] == "mitdb"]
    said = [np.zeros((50, len(EVENT_KINDS))) for _ in rows]
    for steps in said:
        steps[20, EVENT_KINDS.index(fusions.PVC)] = 0.9  # 4.0-4.2 s; the R peak is at 4.12 s
    assert fusions.beat_counts(rows, said, 0.5) == (2, 2, 2) and fusions.beat_f1(rows, said, 0.5) == 1.0
    assert fusions.overlap(rows, said, 0.5) == pytest.approx(0.5)
    assert fusions.beat_counts(rows, [1 - s for s in said], 0.95) == (0, 2, 2)  # only the normal beats are called


def test_a_plain_grid_judges_patches_and_not_padding(data):
    torch.manual_seed(0)
    config = fusions.AnyEcgEncoderConfig(**fusions.VARIANTS["2s-patches"].config)
    encoder = fusions.PlainGrid._from_config(config).eval()
    rows = fusions.read([data], "valid")
    alone = fusions.outputs(encoder, 10, rows[4:])
    beside = fusions.outputs(encoder, 10, rows)  # two leads padded to eight
    np.testing.assert_allclose(beside[0][4:], alone[0], atol=1e-5)
    np.testing.assert_allclose(beside[1][4], alone[1][0], atol=1e-5)


def test_a_finished_encoder_is_not_trained_again_and_a_killed_one_goes_on(data, tmp_path, monkeypatch):
    monkeypatch.setattr(fusions, "BATCH", 4)
    monkeypatch.setattr(fusions, "SAVE_EVERY_S", 0.0)
    monkeypatch.setattr(fusions, "MOST_EXCERPTS", 1000)
    args = argparse.Namespace(data=[data], minutes=0.005, out=tmp_path, split="valid", only=["direct"])
    said = []
    fusions.compare(args, said.append)
    assert said[-1].startswith("| direct") and said[-1].count("|") == said[0].splitlines()[0].count("|")
    state = torch.load(tmp_path / "direct" / "state.pt", weights_only=True)
    assert state["seconds"] >= 0.3 and state["seen"] > 0

    monkeypatch.setattr(fusions, "trained", None)
    fusions.compare(args, said.append)  # the finished row is read
    monkeypatch.undo()
    (tmp_path / "direct.md").unlink()
    resumed = fusions._resumed(tmp_path / "direct", *_fresh())
    assert resumed == {"seen": state["seen"], "seconds": state["seconds"]}
    with pytest.raises(SystemExit, match="begun with other settings"):
        fusions.compare(argparse.Namespace(**vars(args) | {"minutes": 1.0}), said.append)


def _fresh():
    encoder = fusions.AnyEcgEncoder._from_config(fusions.AnyEcgEncoderConfig(**fusions.VARIANTS["direct"].config))
    return encoder, torch.optim.AdamW(encoder.parameters())
