"""How far simulated ECGs are from real ones: PTB-XL fold 9 at 100 Hz against as many of the simulator.

    python -m benchmarks.realism [--data FOLDER] [--records 2000] [--seed 900] [--without-network]

Prints Markdown: median and 5-95 % of what `anyecg.measure` finds on both, power by frequency band, how well classifiers
tell the two apart (area under the ROC curve, five folds; 0.5 is indistinguishable, 1 is told at a glance), and how far
the states of the embedded encoder lie apart. Nothing that is read here is kept. `benchmarks.realism_beats` compares
two-lead strips with MIT-BIH.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import warnings
from pathlib import Path

import numpy as np

DEFAULT_DATA = Path(os.environ.get("ANYECG_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
RATE_HZ, STEP_MV = 100.0, 0.005
FIRST = ("heart_rate_bpm", "rr_sd_ms", "p_ms", "pr_ms", "qrs_ms", "qt_ms", "qtc_bazett_ms", "axis_deg")
AMPLITUDES = ("r_mv", "s_mv", "st_mv", "t_mv")
BANDS_HZ = ((0.1, 0.4), (0.4, 1), (1, 2), (2, 4), (4, 7), (7, 11), (11, 16), (16, 22), (22, 30), (30, 38), (38, 49))


def load_real(data: Path, n: int) -> np.ndarray:
    """(n, 12, 1000) float32 mV: the first records of fold 9."""
    spec = importlib.util.spec_from_file_location("expand", data / "ptb-xl" / "expand.py")
    assert spec is not None and spec.loader is not None
    expand = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(expand)
    _, eight = expand.load_fold(9)
    return np.stack([expand.twelve_leads(row) for row in eight[:n]]).astype(np.float32)


def load_simulated(n: int, seed: int) -> np.ndarray:
    """(n, 12, 1000) float32 mV; I, II and V1-V6 in steps of 5 µV, as the real files have them."""
    from anyecg.simulate import simulate

    signals = np.stack([ecg.record.signal for ecg in simulate(n, seed=seed, sampling_rate=RATE_HZ)])
    eight = (np.round(signals[:, [0, 1, *range(6, 12)]] / STEP_MV) * STEP_MV).astype(np.float32)
    i, ii = eight[:, 0], eight[:, 1]
    limb = np.stack([i, ii, ii - i, -(i + ii) / 2, i - ii / 2, ii - i / 2], axis=1)
    return np.concatenate([limb, eight[:, 2:]], axis=1)


def measured(signals: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """What `measure` finds on each record, shape (n, n_values), NaN where it finds nothing, and the values' names."""
    from anyecg.leads import STANDARD_LEADS
    from anyecg.measure import measure
    from anyecg.record import EcgRecord

    names = [*FIRST, *(f"{lead} {key}" for lead in STANDARD_LEADS for key in AMPLITUDES)]
    rows = []
    for signal in signals:
        found = measure(EcgRecord(signal, STANDARD_LEADS, RATE_HZ)).to_dict()
        row = [found[key] for key in FIRST]
        row += [found["leads"].get(lead, {}).get(key) for lead in STANDARD_LEADS for key in AMPLITUDES]
        rows.append([np.nan if value is None else float(value) for value in row])
    return np.array(rows), names


def spectra(signals: np.ndarray) -> np.ndarray:
    """(n, 12, n_bands) log10 of the mean power in each band, mV²/Hz."""
    window = np.hanning(signals.shape[2])
    centred = signals - signals.mean(axis=2, keepdims=True)
    power = np.abs(np.fft.rfft(centred * window, axis=2)) ** 2 / (RATE_HZ * np.square(window).sum())
    hz = np.fft.rfftfreq(signals.shape[2], 1 / RATE_HZ)
    means = [power[:, :, (hz >= low) & (hz < high)].mean(axis=2) for low, high in BANDS_HZ]
    return np.log10(np.stack(means, axis=2) + 1e-9)


def auroc(features: np.ndarray, is_real: np.ndarray, kind: str) -> tuple[float, float]:
    """Mean and standard deviation over five folds of a classifier's area under the ROC curve."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if kind == "logistic regression":
        imputer = SimpleImputer(strategy="median", add_indicator=True)
        model = make_pipeline(imputer, StandardScaler(), LogisticRegression(max_iter=2000, C=0.1))
    else:
        model = HistGradientBoostingClassifier(max_iter=150, random_state=0)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = cross_val_score(model, features, is_real, cv=folds, scoring="roc_auc")
    return float(scores.mean()), float(scores.std())


def network_auroc(signals: np.ndarray, is_real: np.ndarray) -> tuple[float, float]:
    """The same for a small convolutional network that sees the signals, two folds of four tried."""
    import torch
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold
    from torch import nn

    x = torch.from_numpy(np.clip(signals, -4, 4))
    y = torch.from_numpy(is_real.astype(np.float32))
    scores = []
    for train, test in list(StratifiedKFold(4, shuffle=True, random_state=0).split(signals, is_real))[:2]:
        torch.manual_seed(0)
        layers: list[nn.Module] = []
        for a, b in ((12, 24), (24, 32), (32, 48), (48, 64)):
            layers += [nn.Conv1d(a, b, 7, stride=2, padding=3), nn.BatchNorm1d(b), nn.ReLU()]
        model = nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(64, 1))
        optimizer = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=1e-2)
        for _ in range(6):
            model.train()
            for batch in torch.randperm(len(train)).split(64):
                k = torch.from_numpy(train)[batch]
                loss = nn.functional.binary_cross_entropy_with_logits(model(x[k])[:, 0], y[k])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        model.eval()
        with torch.no_grad():
            scores.append(roc_auc_score(is_real[test], model(x[test])[:, 0].numpy()))
    return float(np.mean(scores)), float(np.std(scores))


def embeddings(signals: np.ndarray) -> np.ndarray:
    """Summary states of the embedded encoder, (n, width)."""
    import torch

    from anyecg.chat import EcgChat
    from anyecg.leads import STANDARD_LEADS
    from anyecg.record import EcgRecord

    chat, states = EcgChat.from_pretrained(), []
    for batch in np.array_split(signals, -(-len(signals) // 64)):
        inputs = chat.processor.feature_extractor([EcgRecord(signal, STANDARD_LEADS, RATE_HZ) for signal in batch])
        with torch.inference_mode():
            states.append(chat.model.encode(**inputs).summary_state.float().numpy())
    return np.concatenate(states)


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance of two Gaussians with the means and covariances of two sets of states (Heusel et al. 2017)."""
    from scipy.linalg import sqrtm

    one, other = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    cross = np.real(sqrtm(one @ other))
    return float(np.square(a.mean(axis=0) - b.mean(axis=0)).sum() + np.trace(one + other - 2 * cross))


def compare_embeddings(real: np.ndarray, simulated: np.ndarray) -> None:
    """Print the Fréchet distance, beside that of two halves of the real records, and a linear classifier's area."""
    states, made = embeddings(real), embeddings(simulated)
    scale = states.std(axis=0) + 1e-6
    states, made = states / scale, made / scale
    half = len(states) // 2
    print("\n| states of the embedded encoder, in real standard deviations | Fréchet distance |\n|---|--:|")
    print(f"| real against simulated ({half} each) | {frechet(states[:half], made[:half]):.1f} |")
    print(f"| real against real, the other half | {frechet(states[:half], states[half : 2 * half]):.1f} |")
    is_real = np.repeat([1, 0], [len(states), len(made)])
    mean, spread = auroc(np.concatenate([states, made]), is_real, "logistic regression")
    print(f"\nTold apart by logistic regression on these states: AUROC {mean:.3f} ± {spread:.3f}.")


def compare_values(real: np.ndarray, simulated: np.ndarray, names: list[str]) -> None:
    """Print medians and 5-95 % of both, and how far the medians lie apart in real standard deviations (robust)."""
    print("\n| value | real: found, median (5-95 %) | simulated | medians apart, SD |\n|---|---|---|---|")
    for k, name in enumerate(names):
        sides, levels = [], []
        for values in (real[:, k], simulated[:, k]):
            low, middle, high = np.nanpercentile(values, (5, 50, 95))
            sides.append(f"{np.isfinite(values).mean():.0%}, {middle:.3g} ({low:.3g} to {high:.3g})")
            levels.append(middle)
        spread = np.subtract(*np.nanpercentile(real[:, k], (95, 5))) / 3.29
        print(f"| {name} | {sides[0]} | {sides[1]} | {(levels[1] - levels[0]) / spread:+.2f} |")


def compare_spectra(real: np.ndarray, simulated: np.ndarray) -> None:
    """Print the bands' power, median over leads and records, in decibels above 1 µV²/Hz."""
    print("\n| band, Hz | real, dB: median (5-95 %) | simulated, dB |\n|---|---|---|")
    for k, (low, high) in enumerate(BANDS_HZ):
        sides = []
        for values in (real[:, :, k], simulated[:, :, k]):
            a, middle, b = 10 * (np.percentile(values, (5, 50, 95)) + 6)
            sides.append(f"{middle:.1f} ({a:.1f} to {b:.1f})")
        print(f"| {low}-{high} | {sides[0]} | {sides[1]} |")


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    parser.add_argument("--records", type=int, default=2000, help="of each kind (default 2000)")
    parser.add_argument("--seed", type=int, default=900)
    parser.add_argument("--without-network", action="store_true")
    args = parser.parse_args(argv)
    warnings.filterwarnings("ignore")
    real = load_real(args.data, args.records)
    simulated = load_simulated(len(real), args.seed)
    is_real = np.repeat([1, 0], [len(real), len(simulated)])
    (values, names), (made, _) = measured(real), measured(simulated)
    bands, made_bands = spectra(real), spectra(simulated)
    print(f"{len(real)} records of PTB-XL fold 9 and {len(simulated)} simulated ones (seed {args.seed}), 100 Hz.")
    compare_values(values, made, names)
    compare_spectra(bands, made_bands)
    all_values = np.concatenate([values, made])
    all_bands = np.concatenate([bands, made_bands]).reshape(len(is_real), -1)
    print("\n| told apart by | from | AUROC (± SD over folds) |\n|---|---|---|")
    for kind in ("logistic regression", "boosted trees"):
        for source, features in (("measurements", all_values), ("spectra", all_bands)):
            mean, spread = auroc(features, is_real, kind)
            print(f"| {kind} | {source} | {mean:.3f} ± {spread:.3f} |")
    if not args.without_network:
        mean, spread = network_auroc(np.concatenate([real, simulated]), is_real)
        print(f"| small convolutional network | signals | {mean:.3f} ± {spread:.3f} |")
    compare_embeddings(real, simulated)


if __name__ == "__main__":
    main()
