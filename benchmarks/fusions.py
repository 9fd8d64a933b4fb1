"""Ways of fusing leads and cutting patches, trained for the same CPU time: findings, beats, tokens and speed.

    python -m benchmarks.fusions --data FOLDER [FOLDER …] --minutes 6 --out RUN [--only direct early …] [--split valid]

--data are builds of PTB-XL and MIT-BIH. Every encoder learns the same findings and events (supervised, one seed, the
same batches in the same order) for the same CPU minutes on one thread; augmenting counts. What is finished, and how
far the present one is, stands in RUN: the same command goes on after a kill. Findings are scored on PTB-XL; beats on
MIT-BIH, where the event head tells which of the annotated beats are ventricular, and by the overlap of its steps with
them, with the limits that are best on training excerpts. Tokens are what a language model would get of a 10 s ECG of 12
leads: "rows and columns" are one token per 0.4 s, one per lead and one for the whole; in a plain grid every patch of a
lead is one, and the heads judge every patch by itself.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from anyecg.configuration_anyecg import AnyEcgEncoderConfig
from anyecg.encoder_anyecg import AnyEcgEncoder, AnyEcgEncoderOutput
from anyecg.events import AROUND_ANY_R_S, AROUND_R_S, BEAT_KINDS, beat_probabilities
from anyecg.feature_extraction_anyecg import AnyEcgFeatureExtractor
from anyecg.findings import EVENT_KINDS, HEAD_LABELS
from anyecg.metrics import interval_iou, macro_auroc
from anyecg.modeling_anyecg import supervision_loss
from train.collator import EvidenceCollator
from train.data import EvidenceDataset, MixtureSampler
from train.figures import interval

PVC = "premature ventricular contraction"
STEP_S = 0.2
BATCH = 64
RATE = 2e-3
MIXTURE = {"ptb-xl": 0.85, "mitdb": 0.15}
LIMIT_EXCERPTS = 400
LIMITS = np.linspace(0.05, 0.95, 19)
SAVE_EVERY_S = 20.0
MOST_EXCERPTS = 10**6
II_AND_V1 = (1, 6)
Rows = list[dict[str, Any]]
HEADER = (
    "| encoder | tokens | parameters, M | excerpts seen | superclasses | subclasses | superclasses, II and V1 "
    "| F1 of PVC | IoU of PVC | excerpts/CPU-s |"
)


class PlainGrid(AnyEcgEncoder):
    """The grid without rows and columns: both heads judge every patch of every lead."""

    def forward(self, **inputs: torch.Tensor) -> AnyEcgEncoderOutput:
        grid: list[torch.Tensor] = []
        hook = self.final_norm.register_forward_hook(lambda _, __, out: grid.append(out))
        super().forward(**inputs)
        hook.remove()
        there = (inputs["ecg_mask"].any(dim=2)[..., None] & (inputs["patch_times"] >= 0)[:, None])[..., None]
        (states,) = grid  # (num_excerpts, leads, steps, hidden)
        mean = (states * there).sum((1, 2)) / there.sum((1, 2)).clamp(min=1)
        highest = states.masked_fill(~there, -1e4)
        return AnyEcgEncoderOutput(
            findings_logits=self.findings_head(torch.cat([mean, highest.amax((1, 2))], dim=-1)),
            event_logits=self.event_head(states).masked_fill(~there, -1e4).amax(1),
        )


@dataclass(frozen=True)
class Variant:
    """One encoder of the comparison."""

    name: str
    config: dict[str, Any]
    steps: int
    """Steps of 0.2 s that make one patch."""
    tokens: int
    kind: type[AnyEcgEncoder] = AnyEcgEncoder


_GRID = {"fusion": "grid", "steps_per_token": 1, "num_hidden_layers": 4}
_DIRECT = {"fusion": "direct", "stem_width": 16, "num_trunk_blocks": 3, "num_step_blocks": 1, "num_hidden_layers": 1}
VARIANTS = {
    "direct": Variant("direct, 0.2 s, rows and columns (`nano`)", _DIRECT, 1, 38),
    "early": Variant("early, 0.2 s, rows and columns", {"fusion": "early"}, 1, 38),
    "grid": Variant("grid, 0.4 s, rows and columns", _GRID | {"patch_s": 0.4}, 2, 38),
    "plain-grid": Variant("grid, 0.4 s, plain", _GRID | {"patch_s": 0.4}, 2, 301, PlainGrid),
    "2s-patches": Variant("grid, 2 s, plain (anyECG-chat's patches)", _GRID | {"patch_s": 2.0}, 10, 61, PlainGrid),
}


def coarser(batch: dict[str, torch.Tensor], steps: int) -> dict[str, torch.Tensor]:
    """A batch of 0.2 s steps with `steps` of them joined into one; an event or a recorded part makes the whole so."""
    short = -batch["patch_times"].shape[1] % steps
    pad = torch.nn.functional.pad
    values = pad(batch["ecg_values"], (0, 0, 0, short))
    return batch | {
        "ecg_values": values.unflatten(2, (-1, steps)).flatten(3),
        "ecg_mask": pad(batch["ecg_mask"], (0, short)).unflatten(2, (-1, steps)).any(3),
        "patch_times": pad(batch["patch_times"], (0, short), value=-1)[:, ::steps],
        "event_labels": pad(batch["event_labels"], (0, 0, 0, short), value=-1).unflatten(1, (-1, steps)).amax(2),
    }


def trained(variant: Variant, rows: Rows, seconds: float, folder: Path) -> tuple[AnyEcgEncoder, int]:
    """An encoder after so many CPU seconds, and the excerpts that it saw; goes on from what lies in `folder`."""
    torch.manual_seed(0)
    encoder = variant.kind._from_config(AnyEcgEncoderConfig(**variant.config)).train()
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.05)
    state = _resumed(folder, encoder, optimizer)
    draws = iter(MixtureSampler([(row["source"],) for row in rows], MIXTURE, MOST_EXCERPTS, 0, start=state["seen"]))
    collate = EvidenceCollator(round(100 * STEP_S), STEP_S, 0, True, state["seen"] // BATCH, fewer_leads=0.15)
    before, began, saved = state["seconds"], time.process_time(), time.process_time()
    while state["seconds"] < seconds:
        for group in optimizer.param_groups:
            group["lr"] = RATE * _pace(state["seconds"] / seconds)
        _step(encoder, optimizer, coarser(collate([rows[next(draws)] for _ in range(BATCH)]), variant.steps))
        state |= {"seen": state["seen"] + BATCH, "seconds": before + time.process_time() - began}
        if time.process_time() - saved > SAVE_EVERY_S:
            saved = time.process_time()
            _save(folder, state | {"encoder": encoder.state_dict(), "optimizer": optimizer.state_dict()})
    return encoder.eval(), state["seen"]


def _pace(spent: float) -> float:
    """Linear warm-up over a tenth of the budget, then a cosine to a hundredth."""
    return spent / 0.1 + 0.01 if spent < 0.1 else 0.505 + 0.495 * math.cos(math.pi * spent)


def _step(encoder: AnyEcgEncoder, optimizer: torch.optim.Optimizer, batch: dict[str, torch.Tensor]) -> None:
    labels, events = batch.pop("findings_labels"), batch.pop("event_labels")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = encoder(**batch)
    loss = supervision_loss(out.findings_logits.float(), labels) + supervision_loss(out.event_logits.float(), events)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


def _save(folder: Path, state: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(state, folder / "state.new")
    os.replace(folder / "state.new", folder / "state.pt")


def _resumed(folder: Path, encoder: AnyEcgEncoder, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    if not (folder / "state.pt").exists():
        return {"seen": 0, "seconds": 0.0}
    state = torch.load(folder / "state.pt", weights_only=True)
    encoder.load_state_dict(state["encoder"])
    optimizer.load_state_dict(state["optimizer"])
    return {"seen": state["seen"], "seconds": state["seconds"]}


@torch.inference_mode()
def outputs(encoder: AnyEcgEncoder, steps: int, rows: Rows) -> tuple[np.ndarray, list[np.ndarray], float]:
    """Finding logits (n, n_labels), event probabilities per excerpt in steps of 0.2 s, and excerpts per CPU second."""
    collate = EvidenceCollator(round(100 * STEP_S), STEP_S, 0, False)
    findings, events, began = [], [], time.process_time()
    for first in range(0, len(rows), BATCH):
        batch = coarser(collate(rows[first : first + BATCH]), steps)
        del batch["findings_labels"], batch["event_labels"]
        out = encoder(**batch)
        findings.append(out.findings_logits.float().numpy())
        events += list(out.event_logits.float().sigmoid().repeat_interleave(steps, dim=1).numpy())
    return np.concatenate(findings), events, len(rows) / (time.process_time() - began)


def of_leads(rows: Rows, leads: tuple[int, ...]) -> Rows:
    """The rows with some of their leads."""
    return [row | {name: row[name][list(leads)] for name in ("values", "mask", "lead_ids")} for row in rows]


def beat_counts(rows: Rows, events: list[np.ndarray], limit: float) -> tuple[int, int, int]:
    """Annotated beats as (ventricular and called so, called so, ventricular)."""
    counts = np.zeros(3, dtype=int)
    for row, said in zip(rows, events, strict=True):
        is_beat = [EVENT_KINDS[int(kind)] in BEAT_KINDS for kind, _, _ in row["events"]]
        beats = row["events"][is_beat]
        ventricular = beats[:, 0] == EVENT_KINDS.index(PVC)
        peaks = beats[:, 1] + np.where(ventricular, AROUND_R_S[PVC][0], AROUND_ANY_R_S[0]) - row["start_s"]
        inside = (peaks >= 0) & (peaks < row["mask"].shape[1] * STEP_S)
        called = beat_probabilities(said[:, EVENT_KINDS.index(PVC)], peaks[inside], STEP_S) >= limit
        true = ventricular[inside]
        counts += [(called & true).sum(), called.sum(), true.sum()]
    return tuple(counts.tolist())


def beat_f1(rows: Rows, events: list[np.ndarray], limit: float) -> float:
    """F1 of calling annotated beats ventricular."""
    right, called, true = beat_counts(rows, events, limit)
    return 2 * right / max(called + true, 1)


def overlap(rows: Rows, events: list[np.ndarray], limit: float) -> float:
    """Mean merged IoU of ventricular beats and the steps that are called so, over excerpts that hold some."""
    kind, found = EVENT_KINDS.index(PVC), []
    for row, said in zip(rows, events, strict=True):
        gold = [(s - row["start_s"], e - row["start_s"]) for k, s, e in row["events"] if int(k) == kind]
        steps = np.flatnonzero(said[: row["mask"].shape[1], kind] >= limit)
        if gold:
            found.append(interval_iou([(k * STEP_S, (k + 1) * STEP_S) for k in steps], gold))
    return float(np.mean(found))


def measured(variant: Variant, encoder: AnyEcgEncoder, seen: int, training: Rows, rows: Rows) -> str:
    """One row of the table."""
    real, holter, learnt = ([r for r in some if r["source"] == source] for some, source in
                            ((rows, "ptb-xl"), (rows, "mitdb"), (training, "mitdb")))  # fmt: skip
    learnt = learnt[:: max(1, len(learnt) // LIMIT_EXCERPTS)]
    full, _, rate = outputs(encoder, variant.steps, real)
    two = outputs(encoder, variant.steps, of_leads(real, II_AND_V1))[0]
    areas = [area(full, real, "super:"), area(full, real, "sub:"), area(two, real, "super:")]
    known, events = (outputs(encoder, variant.steps, some)[1] for some in (learnt, holter))
    limits = [max(LIMITS, key=lambda at, score=score: score(learnt, known, at)) for score in (beat_f1, overlap)]
    beats = [f"{score(holter, events, at):.3f}" for score, at in zip((beat_f1, overlap), limits, strict=True)]
    size = sum(p.numel() for p in encoder.parameters()) / 1e6
    cells = [variant.name, str(variant.tokens), f"{size:.2f}", f"{seen:,}", *areas, *beats, f"{rate:.0f}"]
    return f"| {' | '.join(cells)} |"


def area(scores: np.ndarray, rows: Rows, prefix: str) -> str:
    """Macro AUROC of the labels with this prefix, with its interval by patient."""
    columns = [k for k, name in enumerate(HEAD_LABELS) if name.startswith(prefix)]
    truth, patients = np.stack([row["labels"][columns] for row in rows]), [row["patient_id"] for row in rows]
    return interval(macro_auroc(scores[:, columns], (truth == 1).astype(int), truth >= 0, patients, 200))


def read(data: list[Path], split: str) -> Rows:
    """Excerpts of 0.2 s steps of the sources that are learnt."""
    extractor = AnyEcgFeatureExtractor(patch_s=STEP_S, steps_per_token=1)
    return [row for row in EvidenceDataset(data, split, extractor).rows if row["source"] in MIXTURE]


def compare(args: argparse.Namespace, say: Callable[[str], None] = print) -> None:
    """Train and score what is not finished yet; says the table row by row."""
    args.out.mkdir(parents=True, exist_ok=True)
    about = {"minutes": args.minutes, "split": args.split, "data": [str(folder.resolve()) for folder in args.data]}
    told = args.out / "run.json"
    if told.exists() and json.loads(told.read_text()) != about:
        raise SystemExit(f"error: {args.out} was begun with other settings ({told.read_text()}); take another --out.")
    told.write_text(json.dumps(about))
    training = rows = None
    say(f"{HEADER}\n|---|--:|--:|--:|---|---|---|--:|--:|--:|")
    for key in args.only:
        row = args.out / f"{key}.md"
        if not row.exists():
            training, rows = training or read(args.data, "train"), rows or read(args.data, args.split)
            encoder, seen = trained(VARIANTS[key], training, 60 * args.minutes, args.out / key)
            row.write_text(measured(VARIANTS[key], encoder, seen, training, rows))
        say(row.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--minutes", type=float, default=6.0, help="CPU minutes of training per encoder (default 6)")
    parser.add_argument("--out", type=Path, required=True, help="run folder; a killed run goes on where it stopped")
    parser.add_argument("--split", default="valid", choices=("valid", "test"))
    parser.add_argument("--only", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    torch.set_num_threads(1)
    compare(parser.parse_args(), lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()
