"""How far simulated two-lead strips are from Holter recordings: MIT-BIH DS1 against as many of the simulator.

    python -m benchmarks.realism_beats [--data FOLDER] [--excerpts 20] [--seed 900]

Prints Markdown: what the RR intervals of 30 s do (from annotated and from true beats), what `anyecg.measure.kinds` sees
of normal and of ventricular beats, and how well boosted trees tell the two apart (area under the ROC curve, five folds;
a recording is never in two of them). Nothing that is read here is kept.
"""

from __future__ import annotations

import argparse
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from anyecg.record import EcgRecord

from .realism import compare_values

DEFAULT_DATA = Path(os.environ.get("ANYECG_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
STRIP_S, RATE_HZ, LEADS = 30.0, 360.0, ("MLII", "V1")
RR = ("mean RR, ms", "SD of RR, ms", "RMSSD, ms", "RR steps over 50 ms, %", "least RR / median", "largest RR / median",
      "sample entropy of RR", "ventricular beats, %", "supraventricular beats, %")  # fmt: skip
Strip = tuple[int, EcgRecord, np.ndarray, list[str]]
"""Number of the recording, strip, times of its beats (s), their kinds "N", "S", "V" or others."""


def real_strips(data: Path, excerpts: int) -> Iterator[Strip]:
    """Evenly spread strips of every DS1 record, with the beats that cardiologists marked."""
    import wfdb

    from anyecg.measure.fit_beats import DS1
    from anyecg.readers import read_record

    from .beats import KINDS

    for number, name in enumerate(DS1):
        record = read_record(data / "mitdb" / f"{name}.hea")
        marks = wfdb.rdann(str(data / "mitdb" / name), "atr")
        beats = [(s / marks.fs, KINDS.get(c)) for s, c in zip(marks.sample, marks.symbol, strict=True)]
        times, kinds = zip(*[(at, kind) for at, kind in beats if kind], strict=True)
        for start in np.linspace(10, record.duration_s - STRIP_S - 10, excerpts):
            yield number, record.excerpt(start, start + STRIP_S), *within(times, kinds, start)


def within(times: tuple[float, ...], kinds: tuple[str, ...], start: float) -> tuple[np.ndarray, list[str]]:
    shown = [(at - start, kind) for at, kind in zip(times, kinds, strict=True) if start < at < start + STRIP_S]
    return np.array([at for at, _ in shown]), [kind for _, kind in shown]


def simulated_strips(n: int, seed: int) -> Iterator[Strip]:
    """Strips of patients of their own, with the true beats."""
    from anyecg.simulate import simulate

    for number, ecg in enumerate(simulate(n, seed=seed, sampling_rate=RATE_HZ, duration_s=STRIP_S, leads=LEADS)):
        yield 1000 + number, ecg.record, np.array([b["time_s"] for b in ecg.beats]), [b["kind"] for b in ecg.beats]


def rhythm(times: np.ndarray, kinds: list[str]) -> list[float]:
    """The values of `RR` for one strip; NaN where there are too few beats."""
    rr = np.diff(times) * 1000
    if len(rr) < 8:
        return [np.nan] * len(RR)
    steps, usual = np.diff(rr), np.median(rr)
    return [
        rr.mean(), rr.std(), float(np.sqrt(np.mean(steps**2))), 100 * float(np.mean(np.abs(steps) > 50)),
        rr.min() / usual, rr.max() / usual, sample_entropy(rr), 100 * kinds.count("V") / len(kinds),
        100 * kinds.count("S") / len(kinds),
    ]  # fmt: skip


def sample_entropy(rr: np.ndarray, tolerance_ms: float = 30.0) -> float:
    """Of pairs, within a fixed tolerance; +1 on both counts keeps short strips finite (Lake & Moorman 2011)."""

    def alike(length: int) -> int:
        rows = np.lib.stride_tricks.sliding_window_view(rr, length)[: len(rr) - 2]
        near = np.abs(rows[:, None] - rows[None]).max(axis=2) < tolerance_ms
        return int((near.sum() - len(rows)) / 2)

    return float(np.log((alike(2) + 1) / (alike(3) + 1)))


def look(strips: Iterator[Strip]) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Of strips: their recordings, their rhythm, their normal beats' median features, and features per kind."""
    from anyecg.measure.kinds import FEATURES, beat_features

    numbers, rows, medians = [], [], []
    of_kind: dict[str, list[np.ndarray]] = {"N": [], "V": []}
    for number, record, times, kinds in strips:
        numbers.append(number)
        rows.append(rhythm(times, kinds))
        inside = (times > 0.3) & (times < record.duration_s - 0.5)
        found = beat_features(record, times[inside], [0, 1]) if inside.sum() >= 4 else np.empty((0, len(FEATURES)))
        letters = np.array(kinds)[inside]
        normal = found[letters[: len(found)] == "N"] if len(found) else found
        medians.append(np.median(normal, axis=0) if len(normal) else np.full(len(FEATURES), np.nan))
        for kind, parts in of_kind.items():
            if len(found):
                parts.append(found[letters == kind])
    return np.array(numbers), np.array(rows), np.array(medians), {k: np.concatenate(v) for k, v in of_kind.items()}


def told_apart(real: np.ndarray, made: np.ndarray, groups: np.ndarray) -> str:
    """Area of boosted trees over five folds of recordings."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_score

    is_real = np.repeat([1, 0], [len(real), len(made)])
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    model = HistGradientBoostingClassifier(max_iter=100, random_state=0)
    values = np.concatenate([real, made])
    scores = cross_val_score(model, values, is_real, groups=groups, cv=folds, scoring="roc_auc")
    return f"{scores.mean():.3f} ± {scores.std():.3f}"


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    parser.add_argument("--excerpts", type=int, default=20, help="of each recording (default 20)")
    parser.add_argument("--seed", type=int, default=900)
    args = parser.parse_args(argv)
    logging.disable(logging.WARNING)
    warnings.filterwarnings("ignore")
    from anyecg.measure.kinds import FEATURES

    numbers, real, shapes, of_kind = look(real_strips(args.data, args.excerpts))
    made_numbers, made, made_shapes, made_of_kind = look(simulated_strips(len(numbers), args.seed))
    print(f"{len(real)} strips of {STRIP_S:g} s of MIT-BIH DS1 and {len(made)} simulated ones (seed {args.seed}).")
    compare_values(real, made, list(RR))
    for kind, word in (("N", "normal"), ("V", "ventricular")):
        print(f"\n{len(of_kind[kind]):,} real and {len(made_of_kind[kind]):,} simulated {word} beats:")
        compare_values(of_kind[kind], made_of_kind[kind], list(FEATURES))
    groups = np.concatenate([numbers, made_numbers])
    print("\n| boosted trees, from | AUROC (± SD over folds of recordings) |\n|---|---|")
    print(f"| RR intervals of a strip | {told_apart(real, made, groups)} |")
    print(f"| median normal beat of a strip | {told_apart(shapes, made_shapes, groups)} |")


if __name__ == "__main__":
    main()
