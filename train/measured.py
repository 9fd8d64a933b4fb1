"""Fit the head that reads the measurements: every short record is measured once, then a small network learns of it."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import anyecg.measure
from anyecg.conversation import full_measurements, record_from_row
from anyecg.findings import HEAD_LABELS
from anyecg.leads import LIMB_LEADS
from anyecg.measure import measure
from anyecg.measured_head import LONGEST_S, NAMES, NEEDED_LEADS, MeasuredHead, features
from anyecg.modeling_anyecg import supervision_loss
from anyecg.record import RecordError

from .assemble import load_model, save_model
from .data import label_vector, rows_of, tables
from .journal import Progress

WIDTH = 768
EPOCHS, BATCH = 40, 256
PEAK_RATE, WEIGHT_DECAY = 2e-3, 0.05
NOISE = 0.1
"""Standard deviation of what is added to the standardised numbers."""
FEWER_LEADS = 0.2
"""Share of the records of which some leads are hidden, as recorders of fewer leads would."""
LEAD_SETS = (("II",), ("I",), ("V1",), ("V5",), ("I", "II"), ("II", "V1"), ("II", "V5"), LIMB_LEADS)
logger = logging.getLogger(__name__)


def fit_measured_head(
    folder: Path, data: Sequence[Path], kept_in: Path, mixture: Mapping[str, float] | None = None, processes: int = 1,
    seed: int = 0,
) -> str:  # fmt: skip
    """Give the model of `folder` a head for the measurements, fitted on training records; its calibration is dropped.

    Args:
        folder: the model, which is saved again.
        data: folders that data_builders wrote. Measurements stored there are used; else records are measured here.
        kept_in: folder that keeps the numbers of each table, so that a killed run goes on.
        mixture: share of the draws per source; None takes every record alike.
        processes: for measuring.
        seed: of the first weights and the draws.

    Raises:
        ValueError: when no record has both beats and labels.
    """
    table = measured_table(tables(data, "records", "train"), kept_in, processes)
    if not len(table["values"]):
        raise ValueError("no training record is short, has two beats and a label; build some with data_builders.")
    head = fit(table, _weights(table["sources"], mixture), seed)
    model, processor = load_model(folder)
    model.model.measured_head, model.config.measured_width = head.eval(), WIDTH
    model.config.calibration = {}
    save_model(model, processor, folder)
    return json.dumps({"records": len(table["values"]), "sources": sorted(set(table["sources"].tolist()))})


def measured_table(files: Sequence[Path], kept_in: Path, processes: int = 1) -> dict[str, np.ndarray]:
    """The numbers of all short, labelled records.

    Returns:
        values (n, len(NAMES)), labels (n, num_findings) of 1, 0 or -1, sources and records (n,) names.
    """
    kept_in.mkdir(parents=True, exist_ok=True)
    progress = Progress("tables measured", len(files))
    parts = []
    with ProcessPoolExecutor(processes) as pool:
        for part in pool.map(_numbers_of, files, [kept_in] * len(files)):
            parts.append(part)
            progress.add()
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@cache
def measuring() -> str:
    """A hash of the code and the weights that measure."""
    folder = Path(anyecg.measure.__file__).parent
    digest = hashlib.sha256()
    for file in sorted([*folder.glob("*.py"), *folder.glob("*.npz"), folder.parent / "measured_head.py"]):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _numbers_of(file: Path, kept_in: Path) -> dict[str, np.ndarray]:
    """`measured_table` of one Parquet file, kept in the cache as long as file and measuring are the same."""
    kept = kept_in / f"{file.parent.parent.name}-{file.stem}-{file.stat().st_size}-{measuring()}.npz"
    if not kept.exists():
        found = list(_measured_rows(file))
        columns = list(zip(*found, strict=True)) if found else [[], [], [], []]
        part: dict[str, Any] = {
            "values": np.array(columns[0], dtype=np.float32).reshape(-1, len(NAMES)),
            "labels": np.array(columns[1], dtype=np.int8).reshape(-1, len(HEAD_LABELS)),
            "sources": np.array(columns[2], dtype=str), "records": np.array(columns[3], dtype=str),
        }  # fmt: skip
        fresh = kept.with_suffix(".saving.npz")
        np.savez_compressed(fresh, **part)
        fresh.replace(kept)
    with np.load(kept, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _measured_rows(file: Path) -> Iterator[tuple[np.ndarray, np.ndarray, str, str]]:
    for row in rows_of([file]):
        labels = label_vector(row["findings"], row["known"])
        if row["n_samples"] / row["sampling_rate"] > LONGEST_S or not (labels >= 0).any():
            continue
        numbers = features(measured(row))
        if numbers is not None:
            yield numbers, labels, row["source"], row["record_id"]


def measured(row: Mapping[str, Any]) -> dict[str, Any]:
    """`Measurements.to_dict()` of a row of the records table, as stored with its beats or measured now; or {}."""
    stored = full_measurements(json.loads(row["measurements"] or "{}"))
    if stored["beats"]:
        return stored
    try:
        return measure(record_from_row(row)).to_dict()
    except RecordError:
        return {}


def fit(table: Mapping[str, np.ndarray], weights: np.ndarray, seed: int) -> MeasuredHead:
    """A head trained with one-cycle AdamW on draws by weight."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    head = MeasuredHead(WIDTH, len(HEAD_LABELS))
    last: Any = head.layers[-1]
    nn.init.constant_(last.bias, -3.0)
    head.centre.copy_(torch.from_numpy(_finite(np.nanmedian(table["values"], axis=0), 0.0)))
    head.spread.copy_(torch.from_numpy(_finite(np.nanstd(table["values"], axis=0), 1.0)))
    steps = max(1, EPOCHS * len(table["values"]) // BATCH)
    optimizer = torch.optim.AdamW(head.parameters(), PEAK_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_RATE, steps + 1)
    hidden = _hidden_by_leads()
    head.train()
    for step in range(steps):
        drawn = rng.choice(len(weights), BATCH, p=weights)
        values = table["values"][drawn] + NOISE * head.spread.numpy() * rng.normal(size=(BATCH, len(NAMES)))
        for k in np.flatnonzero(rng.random(BATCH) < FEWER_LEADS):
            values[k, hidden[rng.integers(len(hidden))]] = np.nan
        logits = head(torch.from_numpy(values.astype(np.float32)))
        loss = supervision_loss(logits, torch.from_numpy(table["labels"][drawn]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 500 == 0:
            logger.info("measured head step %d/%d loss %.4f", step, steps, loss.item())
    return head


def _hidden_by_leads() -> list[np.ndarray]:
    """Per set of leads, which numbers cannot be had of them."""
    return [np.array([not set(NEEDED_LEADS.get(name, ())) <= set(leads) for name in NAMES]) for leads in LEAD_SETS]


def _finite(values: np.ndarray, instead: float) -> np.ndarray:
    """Statistics of a number that no record has, or that never varies, must not divide by nothing."""
    usable = np.isfinite(values) & ((values > 0) | (instead == 0.0))
    return np.where(usable, values, instead).astype(np.float32)


def _weights(sources: np.ndarray, mixture: Mapping[str, float] | None) -> np.ndarray:
    """The probability of each record to be drawn; sources that a mixture does not name are left out."""
    counts = {source: int((sources == source).sum()) for source in set(sources.tolist())}
    share = {source: float((mixture or counts).get(source, 0.0)) for source in counts}
    weights = np.array([share[source] / counts[source] for source in sources.tolist()])
    if not weights.sum():
        raise ValueError(f"the mixture {dict(mixture or {})} names no source; there are {sorted(counts)}.")
    return weights / weights.sum()
