"""Fit the weights that tell N, S and V beats apart (about three minutes on one core).

    python -m anyecg.measure.fit_kinds DATA_FOLDER [--out anyecg/measure/kinds.npz]

DATA_FOLDER holds mitdb/ and ptb-xl/ (compact folds, ptbxl_labels.csv). Learns from the 22 DS1 records of MIT-BIH, each
with both leads and with each lead alone, and from simulated records of one, two and twelve leads. DS1 has few patients
with supraventricular beats, so these are learnt from PTB-XL's folds 1-8, too, whose beats nobody marked: in a record
with the statement PAC the early beats count as supraventricular, in one with another rhythm none do. Within a record
every kind weighs by a power of its count, so that a record with hundreds of supraventricular beats does not speak for
all. `--validate` leaves groups of DS1 records out instead and prints Se and +P.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..record import EcgRecord
from ..simulate import simulate
from .beats import detect_r_peaks
from .fit_beats import DS1
from .kinds import KINDS, WEIGHTS, beat_features, call_kinds, is_ventricular, shortening
from .placement_fit import FOLD_LEADS, read_fold

SYMBOLS = dict.fromkeys("NLRej", "N") | dict.fromkeys("AaJS", "S") | dict.fromkeys("VE", "V")
"""Classes of ANSI/AAMI EC57, fusion and unknown beats left out."""
HIDDEN, EPOCHS, BATCH, LEARNING_RATE, WEIGHT_DECAY = 10, 4, 512, 5e-3, 0.1
COUNT_POWER = 0.5
SIMULATED_WEIGHT = 0.5
CONDITIONS = (None, None, ["PVC"], ["PAC"], ["BIGU"], ["TRIGU"], ["AFIB"], ["SARRH"], ["CLBBB"], ["2AVB"])
TOLERANCE_S = 0.15
FOLDS = 8
PTBXL_RECORDS = {
    "PACE": 0, "AFIB": 110, "AFLT": 30, "PAC": 400, "SVARR": 0, "PSVT": 0, "SVTAC": 0, "BIGU": 40, "TRIGU": 20,
    "PVC": 100, "SARRH": 120, "STACH": 40, "SBRAD": 40, "SR": 220,
}  # fmt: skip
"""How many records that have a statement, and none of those before it, teach at most."""
PTBXL_ROWS = [[1, 2], [1, 6], [1], [2, 6], [0, 1]]
"""Leads that a PTB-XL record is also shown with: one of these, and all."""
PTBXL_WEIGHT = 3.0
"""Weight of PTB-XL as a multiple of that of DS1."""
PTBXL_BEATS = 5
PREMATURE, USUAL = 0.9, 0.95
"""Of the running RR interval: shorter, a beat of a record with PAC is premature; longer, it is not; else unknown."""
Examples = tuple[str, np.ndarray, np.ndarray, float]
"""Record and view ("101 both leads"), features (n, n_features), index of the kind or -1 (n,), weight of the record."""
VIEWS = {"both leads": [0, 1], "first lead": [0], "second lead": [1]}


def mitdb_examples(folder: Path) -> Iterator[Examples]:
    """DS1 with both leads and with each alone."""
    import wfdb

    for name in DS1:
        stored, marks = wfdb.rdrecord(str(folder / name)), wfdb.rdann(str(folder / name), "atr")
        record = EcgRecord(stored.p_signal.T, tuple(stored.sig_name), stored.fs)
        kinds = [SYMBOLS.get(symbol, "") for symbol in marks.symbol]
        for view, rows in VIEWS.items():
            yield _examples(f"{name} {view}", record, rows, marks.sample / stored.fs, kinds, 1.0)


def simulated_examples(per_condition: int) -> Iterator[Examples]:
    """Simulated records of 10 and 30 s in three lead sets."""
    for seed, condition in enumerate(CONDITIONS):
        records = simulate(per_condition, seed=100 + seed, sampling_rate=250.0, conditions=condition,
                           duration_s=10.0 if seed % 2 else 30.0)  # fmt: skip
        for k, ecg in enumerate(records):
            rows = [list(range(12)), [1], [1, 6]][k % 3]
            times = np.array([beat["time_s"] for beat in ecg.beats])
            kinds = [beat["kind"] for beat in ecg.beats]
            yield _examples("simulated", ecg.record, rows, times, kinds, SIMULATED_WEIGHT)


def ptbxl_features(folder: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Statement and `beat_features` of records of PTB-XL's folds 1-8, each with all leads and with one or two."""
    statement = _ptbxl_statements(folder)
    rng = np.random.default_rng(0)
    left = PTBXL_RECORDS.copy()
    for fold in range(1, 9):
        for ecg_id, signal in zip(*read_fold(folder, fold), strict=True):
            code = statement.get(int(ecg_id), "")
            if left.get(code, 0) * 8 <= PTBXL_RECORDS.get(code, 0) * (8 - fold):
                continue
            left[code] -= 1
            record = EcgRecord(signal, FOLD_LEADS, 100.0)
            for rows in (list(range(len(FOLD_LEADS))), PTBXL_ROWS[rng.integers(len(PTBXL_ROWS))]):
                peaks_s = detect_r_peaks(record, rows=rows)
                if len(peaks_s) >= PTBXL_BEATS:
                    yield code, beat_features(record, peaks_s, rows)


def _ptbxl_statements(folder: Path) -> dict[int, str]:
    """The first of `PTBXL_RECORDS` that each record has."""
    with open(folder / "ptbxl_labels.csv", newline="") as rows:
        said = {int(row["ecg_id"]): {*row["form"].split(), *row["rhythm"].split()} for row in csv.DictReader(rows)}
    return {ecg_id: next((code for code in PTBXL_RECORDS if code in codes), "") for ecg_id, codes in said.items()}


def _labels_of_statement(features: np.ndarray, ventricular: np.ndarray, code: str) -> np.ndarray:
    """0 (N), 1 (S) or -1 (unknown) per beat of a record with this statement."""
    labels = np.zeros(len(features), dtype=int)
    if code == "PAC":
        short = shortening(features, ventricular)
        labels = np.select([short < np.log(PREMATURE), short > np.log(USUAL)], [1, 0], -1)
    return np.where(ventricular, -1, labels)


def _examples(
    name: str, record: EcgRecord, rows: list[int], times_s: np.ndarray, kinds: list[str], weight: float
) -> Examples:
    peaks_s = detect_r_peaks(record, rows=rows)
    if len(peaks_s) < 3:
        return name, np.empty((0, 1)), np.empty(0, int), weight
    labels = np.full(len(peaks_s), -1)
    for at, kind in zip(times_s, kinds, strict=True):
        nearest = int(np.abs(peaks_s - at).argmin())
        if kind in KINDS and abs(peaks_s[nearest] - at) < TOLERANCE_S:
            labels[nearest] = KINDS.index(kind)
    return name, beat_features(record, peaks_s, rows), labels, weight


def fit(examples: list[Examples], stated: list[tuple[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Train the networks of `kinds._probability`: ventricular or not, and among the others supraventricular or not.

    Args:
        stated: `ptbxl_features`, of which the second network learns, too.
    """
    first = _fit_one([(n, x, np.where(y < 0, -1, y == 2), w, y) for n, x, y, w in examples])
    ventricular = _named(first, "ventricular")
    labels = [_labels_of_statement(x, is_ventricular(x, ventricular), code) for code, x in stated]
    further = [("ptb-xl", x, y, 1.0) for (_, x), y in zip(stated, labels, strict=True)]
    scale = PTBXL_WEIGHT * _total([one for one in examples if one[0] != "simulated"]) / _total(further)
    others = [*examples, *((n, x, y, scale) for n, x, y, _ in further)]
    second = _fit_one([(n, x, np.where((y < 0) | (y == 2), -1, y == 1), w, y) for n, x, y, w in others])
    return ventricular | _named(second, "supraventricular")


def _named(fitted: dict[str, np.ndarray], kind: str) -> dict[str, np.ndarray]:
    return {f"{kind}.{key}": value for key, value in fitted.items()}


def _total(examples: list[Examples]) -> float:
    """Weight of all beats that are known not to be ventricular."""
    return sum(float(_weights_of(y[y >= 0])[y[y >= 0] < 2].sum()) * w for _, _, y, w in examples)


def _fit_one(examples: list[tuple[str, np.ndarray, np.ndarray, float, np.ndarray]]) -> dict[str, np.ndarray]:
    """Train on labels 0 and 1, leaving out -1; the last array, the kinds, decides how much a beat weighs."""
    examples = [one for one in examples if (one[2] >= 0).any()]
    torch.manual_seed(0)
    x = np.concatenate([features[known >= 0] for _, features, known, _, _ in examples])
    y = np.concatenate([known[known >= 0] for _, _, known, _, _ in examples])
    weight = np.concatenate([_weights_of(kinds[y >= 0]) * w for _, _, y, w, kinds in examples])
    mean, scale = x.mean(axis=0), x.std(axis=0)
    inputs = torch.from_numpy(np.clip((x - mean) / scale, -4, 4).astype(np.float32))
    labels = torch.from_numpy(y.astype(np.float32))
    weights = torch.from_numpy((weight / weight.mean()).astype(np.float32))
    hidden, out = torch.nn.Linear(x.shape[1], HIDDEN), torch.nn.Linear(HIDDEN, 1)
    parameters = [*hidden.parameters(), *out.parameters()]
    steps = EPOCHS * (len(labels) // BATCH)
    optimizer = torch.optim.AdamW(parameters, LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(labels))[: len(labels) // BATCH * BATCH].reshape(-1, BATCH):
            scores = out(torch.relu(hidden(inputs[batch])))[:, 0]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, labels[batch], weights[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    layers = {"hidden": hidden, "out": out}
    fitted = {f"{name}.{key}": v.detach().numpy() for name, layer in layers.items()
              for key, v in layer.named_parameters()}  # fmt: skip
    return {"mean": mean, "scale": scale} | fitted


def _weights_of(labels: np.ndarray) -> np.ndarray:
    counts = np.bincount(labels, minlength=len(KINDS))
    return np.maximum(counts, 1.0)[labels] ** -COUNT_POWER


def validate(examples: list[Examples], stated: list[tuple[str, np.ndarray]]) -> Iterator[str]:
    """Se and +P of S and V on DS1 records left out, per view."""
    counts = {view: np.zeros((3, 3), dtype=int) for view in VIEWS}
    for fold in range(FOLDS):
        held = DS1[fold::FOLDS]
        fitted = fit([one for one in examples if one[0].split()[0] not in held], stated)
        for name, features, labels, _ in (one for one in examples if one[0].split()[0] in held):
            called = np.array([KINDS.index(kind) for kind in call_kinds(features, fitted)])
            np.add.at(counts[name.split(maxsplit=1)[1]], (labels[labels >= 0], called[labels >= 0]), 1)
    for view, table in counts.items():
        hits, marked, said = table.diagonal(), table.sum(axis=1), table.sum(axis=0)
        yield f"{view}: " + "; ".join(
            f"{KINDS[k]} Se {100 * hits[k] / marked[k]:.1f} %, +P {100 * hits[k] / said[k]:.1f} %" for k in (1, 2)
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with mitdb and ptb-xl")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--validate", action="store_true")
    args = parser.parse_args()
    examples = [*mitdb_examples(args.data / "mitdb"), *simulated_examples(60)]
    stated = list(ptbxl_features(args.data / "ptb-xl"))
    if args.validate:
        for line in validate(examples, stated):
            print(line)
    else:
        fitted: dict[str, Any] = {key: value.astype(np.float32) for key, value in fit(examples, stated).items()}
        np.savez_compressed(args.out, **fitted)


if __name__ == "__main__":
    main()
