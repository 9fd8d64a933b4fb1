"""Which scaling of the finding head's logits is best calibrated, cross-fitted on validation patients.

    python -m benchmarks.calibration MODEL --data FOLDER [--sources ptb-xl]

Five folds by patient: each method is fitted on four and scored on the fifth, and so are the limits "likely" and
"unlikely". Methods: none; one temperature for all labels (Guo et al. 2017); a scale and shift per label (Platt 1999,
what anyecg uses); isotonic regression per label (Zadrozny and Elkan 2002). Printed: expected calibration error over
all known cells, its mean over labels, log loss; and how many findings the limits leave uncertain.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.optimize import isotonic_regression, minimize_scalar
from scipy.special import expit

from anyecg.findings import HEAD_LABELS
from train.limits import fit_limits, verdict_shares

FOLDS = 5
FEWEST = 5
Fitted = Callable[[np.ndarray], np.ndarray]


def none(logits: np.ndarray, labels: np.ndarray) -> Fitted:
    """The sigmoid of the logits."""
    return expit


def temperature(logits: np.ndarray, labels: np.ndarray) -> Fitted:
    """One temperature for all labels."""
    known = labels >= 0
    z, t = logits[known], labels[known]
    best = minimize_scalar(lambda s: np.mean(np.logaddexp(0, z * s) - t * z * s), bounds=(0.1, 10), method="bounded").x
    return lambda x: expit(x * best)


def platt(logits: np.ndarray, labels: np.ndarray) -> Fitted:
    """Scale and shift per label, as `train calibrate` fits them."""
    from train.calibrate import fit

    fitted = fit(logits, labels, HEAD_LABELS)
    scale, shift = (np.array([fitted[name][key] for name in HEAD_LABELS]) for key in ("scale", "shift"))
    return lambda x: expit(x * scale + shift)


def isotonic(logits: np.ndarray, labels: np.ndarray) -> Fitted:
    """A rising step function per label; labels with few positives take Platt's."""
    fallback, steps = platt(logits, labels), {}
    for k in range(logits.shape[1]):
        known = labels[:, k] >= 0
        if FEWEST <= (labels[known, k] == 1).sum() < known.sum():
            order = np.argsort(logits[known, k])
            steps[k] = logits[known, k][order], isotonic_regression(labels[known, k][order].astype(float)).x

    def apply(x: np.ndarray) -> np.ndarray:
        p = fallback(x)
        for k, (at, value) in steps.items():
            p[:, k] = np.clip(np.interp(x[:, k], at, value), 1e-3, 1 - 1e-3)
        return p

    return apply


METHODS: dict[str, Callable[[np.ndarray, np.ndarray], Fitted]] = {
    "none": none, "one temperature": temperature, "Platt per label": platt, "isotonic per label": isotonic,
}  # fmt: skip


def folds_of(patients: np.ndarray) -> np.ndarray:
    """A fold per record, the same for all records of a patient."""
    names, of = np.unique(patients, return_inverse=True)
    return np.random.default_rng(0).permutation(len(names))[of] % FOLDS


def cross_fitted(logits: np.ndarray, labels: np.ndarray, folds: np.ndarray, method: str) -> np.ndarray:
    """Probabilities of every record from a scaling that was fitted without its patient."""
    p = np.empty_like(logits)
    for fold in range(FOLDS):
        out = folds == fold
        p[out] = METHODS[method](logits[~out], labels[~out])(logits[out])
    return p


def ece(p: np.ndarray, t: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error of equal-width bins."""
    place = np.minimum((p * bins).astype(int), bins - 1)
    return float(np.abs(np.bincount(place, p - t, bins)).sum() / max(len(p), 1))


def row(name: str, p: np.ndarray, labels: np.ndarray) -> str:
    """A line of the table."""
    known = (labels >= 0) & (labels == 1).any(axis=0) & (labels == 0).any(axis=0)
    t = labels == 1
    each = [ece(p[known[:, k], k], t[known[:, k], k]) for k in range(p.shape[1]) if (t & known)[:, k].sum() >= FEWEST]
    classes = [k for k, label in enumerate(HEAD_LABELS) if label.startswith("super:")]
    supers = np.zeros_like(known)
    supers[:, classes] = known[:, classes]
    q = np.clip(p[known], 1e-6, 1 - 1e-6)
    loss = -np.mean(np.where(t[known], np.log(q), np.log(1 - q)))
    figures = (ece(p[known], t[known]), ece(p[supers], t[supers]) if supers.any() else np.nan, np.mean(each), loss)
    return f"| {name} | " + " | ".join(f"{figure:.4f}" for figure in figures) + " |"


def table(logits: np.ndarray, labels: np.ndarray, patients: np.ndarray) -> str:
    """The comparison of all methods, and what the limits do, both cross-fitted."""
    folds = folds_of(patients)
    lines = [
        "| scaling | ECE, all labels | ECE, superclasses | mean ECE per label | log loss |",
        "|---|---|---|---|---|",
    ]
    p = {name: cross_fitted(logits, labels, folds, name) for name in METHODS}
    lines += [row(name, p[name], labels) for name in METHODS]
    lines += ["", "| limits, Platt | share of known cells |", "|---|---|"]
    shares = [
        verdict_shares(p["Platt per label"][out], labels[out], limits, HEAD_LABELS)
        for out in (folds == fold for fold in range(FOLDS))
        for limits in [fit_limits(p["Platt per label"][~out], labels[~out], HEAD_LABELS)]
    ]
    lines += [f"| {name} | {np.mean([share[name] for share in shares]):.3f} |" for name in shares[0]]
    return "\n".join(lines)


def main() -> None:
    """Read the validation records, print one table per source."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--sources", nargs="+")
    args = parser.parse_args()
    import torch

    from train.assemble import load_model
    from train.calibrate import head_scores
    from train.data import EvidenceDataset

    torch.set_num_threads(1)
    model, processor = load_model(args.model)
    dataset = EvidenceDataset(args.data, "valid", processor.feature_extractor)
    everything = [
        r for r in dataset.rows if (r["labels"] >= 0).any() and (not args.sources or r["source"] in args.sources)
    ]
    for source in sorted({r["source"] for r in everything}):
        dataset.rows = [r for r in everything if r["source"] == source]
        scores = head_scores(model, dataset)
        patients = np.array([r["patient_id"] for r in dataset.rows])
        print(f"\n{source}, {len(patients)} validation records of {len(set(patients.tolist()))} patients\n")
        print(table(scores["findings_logits"].astype(float), scores["findings_labels"], patients))


if __name__ == "__main__":
    main()
