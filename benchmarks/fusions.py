"""Ways of fusing leads and cutting patches, trained for the same CPU time: findings, places, tokens and speed.

    python -m benchmarks.fusions --data FOLDER [FOLDER …] [--minutes 3] [--split valid]

--data are builds of PTB-XL and MIT-BIH. Every encoder learns the same findings and events (supervised, one seed) for
the same CPU minutes on one thread. Findings are scored on PTB-XL, all leads and II with V1; places by the event head on
two-lead 10 s excerpts of MIT-BIH that hold ventricular beats, with the limit that is best on 400 training excerpts.
Tokens are what a language model would get of a 10 s ECG of 12 leads: one per step (two steps of 0.2 s share one), one
per lead and one for the whole, beside the plain grid of patches.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

PVC = "premature ventricular contraction"
ENCODERS: dict[str, dict[str, Any]] = {
    "direct, 0.2 s (`nano`)": {"fusion": "direct", "stem_width": 16, "num_trunk_blocks": 3, "num_step_blocks": 1,
                               "num_hidden_layers": 1},
    "early, 0.2 s": {"fusion": "early"},
    "grid, 0.4 s": {"fusion": "grid", "patch_s": 0.4, "steps_per_token": 1, "num_hidden_layers": 4},
    "grid, 2 s (anyECG-chat's patches)": {"fusion": "grid", "patch_s": 2.0, "steps_per_token": 1,
                                          "num_hidden_layers": 4},
}  # fmt: skip
RATE = 2e-3
BATCH = 64
MIXTURE = {"ptb-xl": 0.85, "mitdb": 0.15}
Rows = list[dict[str, Any]]
LIMITS = np.linspace(0.05, 0.95, 19)
HEADER = (
    "| encoder | excerpts seen | super / sub, 12 leads | super / sub, II and V1 | IoU of ventricular beats "
    "| tokens, rows and columns | tokens, plain grid | excerpts/s |"
)


def trained(config: dict[str, Any], data: list[Path], seconds: float) -> tuple[Any, Any, int]:
    """A new encoder after so many CPU seconds, its feature extractor, and the excerpts that it saw."""
    from anyecg.configuration_anyecg import AnyEcgEncoderConfig
    from anyecg.encoder_anyecg import AnyEcgEncoder
    from anyecg.modeling_anyecg import supervision_loss
    from train.assemble import feature_extractor_for
    from train.collator import EvidenceCollator
    from train.data import EvidenceDataset, MixtureSampler

    torch.manual_seed(0)
    shape = AnyEcgEncoderConfig(**config)
    encoder, extractor = AnyEcgEncoder._from_config(shape).train(), feature_extractor_for(shape)
    rows = EvidenceDataset(data, "train", extractor).rows
    draws = iter(MixtureSampler([(row["source"],) for row in rows], MIXTURE, 10**6, 0))
    collate = EvidenceCollator(shape.patch_samples, extractor.patch_s, 0, True, fewer_leads=0.15)
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.05)
    seen, began = 0, time.process_time()
    while (spent := (time.process_time() - began) / seconds) < 1:
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * (
                min(1.0, spent / 0.1 + 0.01) if spent < 0.1 else 0.505 + 0.495 * np.cos(np.pi * spent)
            )
        batch = collate([rows[next(draws)] for _ in range(BATCH)])
        labels, events = batch.pop("findings_labels"), batch.pop("event_labels")
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = encoder(**batch)
        loss = supervision_loss(out.findings_logits.float(), labels) + supervision_loss(
            out.event_logits.float(), events
        )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seen += BATCH
    return encoder.eval(), extractor, seen


@torch.inference_mode()
def outputs(encoder: Any, extractor: Any, rows: Rows, leads: tuple[int, ...] = ()) -> tuple[Any, Any, float]:
    """Finding logits (n, n_labels), event probabilities per excerpt, and excerpts per second."""
    from train.collator import EvidenceCollator

    collate = EvidenceCollator(encoder.config.patch_samples, extractor.patch_s, 0, False)
    findings, events, began = [], [], time.process_time()
    for first in range(0, len(rows), BATCH):
        some = [_only(row, leads) for row in rows[first : first + BATCH]]
        batch = collate(some)
        del batch["findings_labels"], batch["event_labels"]
        out = encoder(**batch)
        findings.append(out.findings_logits.float().numpy())
        events += list(out.event_logits.float().sigmoid().numpy())
    return np.concatenate(findings), events, len(rows) / (time.process_time() - began)


def _only(row: dict[str, Any], leads: tuple[int, ...]) -> dict[str, Any]:
    if not leads:
        return row
    kept = list(leads)
    return row | {name: row[name][kept] for name in ("values", "mask", "lead_ids")}


def places(rows: Rows, events: list[np.ndarray], limit: float, step_s: float) -> float:
    """Mean merged IoU of ventricular beats over excerpts that hold some."""
    from anyecg.findings import EVENT_KINDS
    from anyecg.metrics import interval_iou

    kind, found = EVENT_KINDS.index(PVC), []
    for row, said in zip(rows, events, strict=True):
        gold = [(s - row["start_s"], e - row["start_s"]) for k, s, e in row["events"] if int(k) == kind]
        steps = np.flatnonzero(said[: row["mask"].shape[1], kind] >= limit)
        found.append(interval_iou([(k * step_s, (k + 1) * step_s) for k in steps], gold))
    return float(np.mean(found))


def holding(rows: Rows) -> Rows:
    """Excerpts of MIT-BIH with a ventricular beat well inside."""
    from anyecg.findings import EVENT_KINDS

    kind = EVENT_KINDS.index(PVC)
    inside = [
        row["source"] == "mitdb" and any(int(k) == kind and s > row["start_s"] + 0.5 and e < row["start_s"] + 9.5
                                         for k, s, e in row["events"])
        for row in rows
    ]  # fmt: skip
    return [row for row, holds in zip(rows, inside, strict=True) if holds]


def measured(name: str, data: list[Path], minutes: float, split: str) -> str:
    """One row of the table."""
    from anyecg.findings import HEAD_LABELS
    from anyecg.metrics import macro_auroc
    from train.data import EvidenceDataset

    encoder, extractor, seen = trained(ENCODERS[name], data, 60 * minutes)
    rows = EvidenceDataset(data, split, extractor).rows
    real = [row for row in rows if row["source"] == "ptb-xl"]
    labels = np.stack([row["labels"] for row in real])
    columns = {g: [k for k, n in enumerate(HEAD_LABELS) if n.startswith(f"{g}:")] for g in ("super", "sub")}

    def area(scores: np.ndarray, group: str) -> float:
        c = columns[group]
        return float(macro_auroc(scores[:, c], labels[:, c] == 1, labels[:, c] >= 0)["value"])

    full, _, rate = outputs(encoder, extractor, real)
    two, _, _ = outputs(encoder, extractor, real, leads=(1, 6))
    learnt = holding(EvidenceDataset(data, "train", extractor).rows)[:400]
    said = outputs(encoder, extractor, learnt)[1]
    limit = max(LIMITS, key=lambda at: places(learnt, said, at, extractor.patch_s))
    beats = holding(rows)
    iou = places(beats, outputs(encoder, extractor, beats)[1], limit, extractor.patch_s)
    steps = round(10 / extractor.patch_s)
    tokens = steps // encoder.config.steps_per_token + 13
    cells = [name, f"{seen:,}", f"{area(full, 'super'):.3f} / {area(full, 'sub'):.3f}",
             f"{area(two, 'super'):.3f} / {area(two, 'sub'):.3f}", f"{iou:.2f}", f"{tokens}", f"{12 * steps}",
             f"{rate:.0f}"]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--minutes", type=float, default=3.0, help="CPU minutes of training per encoder (default 3)")
    parser.add_argument("--split", default="valid", choices=("valid", "test"))
    parser.add_argument("--only", nargs="+", choices=list(ENCODERS), default=list(ENCODERS))
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(HEADER)
    print("|---|--:|---|---|--:|--:|--:|--:|", flush=True)
    for name in args.only:
        print(measured(name, args.data, args.minutes, args.split), flush=True)


if __name__ == "__main__":
    main()
