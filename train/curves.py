"""How findings hold up with fewer leads, shorter records and other sampling rates.

    python -m train curves MODEL --data FOLDER --out RESULTS

Every record of the split is cut to 12, 6, 2 and 1 leads, to 10, 5 and 2.5 s around its middle, and resampled to 500,
250 and 100 Hz before the encoder reads it. A record of 100 Hz gains nothing at 500 Hz: that row tests the way of
reading, and records of 500 Hz test the loss. Written: curves.json, curves.md and one figure per kind of cut.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from anyecg.findings import HEAD_LABELS, RHYTHMS, SUPERCLASSES
from anyecg.leads import LIMB_LEADS, STANDARD_LEADS
from anyecg.record import EcgRecord, resample

Cut = Callable[[EcgRecord], EcgRecord]
GROUPS = {"superclasses": tuple(f"super:{name}" for name in SUPERCLASSES), "rhythm statements": RHYTHMS}
LEAD_SETS = {
    "12 leads": STANDARD_LEADS, "6 limb leads": LIMB_LEADS, "II and V1": ("II", "V1"), "I and II": ("I", "II"),
    "II": ("II",), "I": ("I",),
}  # fmt: skip
DURATIONS_S = (10.0, 5.0, 2.5)
RATES_HZ = (500.0, 250.0, 100.0)


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m train curves", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders that data_builders wrote")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", default="test", choices=("test", "valid"))
    parser.add_argument("--sources", nargs="+", help="only records of these sources")
    parser.add_argument("--records", type=int, help="at most this many records per source")
    parser.add_argument("--threads", type=int, default=1)
    return parser


def main(argv: list[str] | None = None) -> None:
    """Measure, write the results and print the table."""
    from .evaluate import carry_out

    carry_out(curves, make_parser().parse_args(argv))


def curves(args: argparse.Namespace) -> str:
    """Score every cut on every source of 12-lead records; returns the Markdown tables.

    Raises:
        ValueError: when no source has labelled records with all twelve leads and ten seconds.
    """
    from anyecg.chat import EcgChat

    from .data import tables
    from .evaluate_heads import heads_of, sources_of

    chat = EcgChat.from_pretrained(args.model)
    args.out.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {}
    for source, files in sources_of(tables(args.data, "records", args.split)).items():
        if args.sources and source not in args.sources:
            continue
        rows = list(_complete_rows(files, args.records))
        if not rows:
            continue
        for kind, cuts in cuts_of().items():
            for name, cut in cuts.items():
                done = results.get(source, {}).get("leads", {}).get("12 leads")
                if kind == "duration" and name == f"{DURATIONS_S[0]:g} s" and done:
                    results[source].setdefault(kind, {})[name] = done  # the same records, uncut
                    continue
                heads = heads_of(chat, _cut_rows(rows, cut), f"{source}, {name}", len(rows))
                results.setdefault(source, {}).setdefault(kind, {})[name] = scores_of(heads)
    if not results:
        raise ValueError("no source has labelled records of twelve leads and ten seconds; the curves need them.")
    (args.out / "curves.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    text = markdown(results, args)
    (args.out / "curves.md").write_text(text, encoding="utf-8")
    return text


def cuts_of() -> dict[str, dict[str, Cut]]:
    """Per kind of curve, the cuts by name, from the most to the least information."""
    return {
        "leads": {name: _leads(leads) for name, leads in LEAD_SETS.items()},
        "duration": {f"{seconds:g} s": _middle(seconds) for seconds in DURATIONS_S},
        "sampling rate": {f"{rate:g} Hz": _rate(rate) for rate in RATES_HZ},
    }


def _leads(names: Sequence[str]) -> Cut:
    return lambda record: record.select(names)


def _middle(seconds: float) -> Cut:
    def cut(record: EcgRecord) -> EcgRecord:
        start = max((record.duration_s - seconds) / 2, 0.0)
        return record.excerpt(start, start + seconds)

    return cut


def _rate(rate: float) -> Cut:
    return lambda record: resample(record, rate)


def _complete_rows(files: Sequence[Path], limit: int | None) -> Any:
    from .evaluate_heads import labelled_rows

    kept = 0
    for row, vector in labelled_rows(files, None):
        long_enough = row["n_samples"] / row["sampling_rate"] >= DURATIONS_S[0] - 0.1
        if set(STANDARD_LEADS) <= set(row["leads"]) and long_enough and (limit is None or kept < limit):
            kept += 1
            yield row, vector


def _cut_rows(rows: Sequence[tuple[dict[str, Any], np.ndarray]], cut: Cut) -> Any:
    from anyecg.conversation import record_from_row

    return ((cut(record_from_row(row)), vector, row["patient_id"], row["record_id"]) for row, vector in rows)


def scores_of(heads: dict[str, np.ndarray]) -> dict[str, Any]:
    """Macro AUROC of each label group with its interval by patient; n counts records."""
    from anyecg.metrics import macro_auroc

    scores = {}
    for group, labels in GROUPS.items():
        columns = [HEAD_LABELS.index(label) for label in labels]
        p, truth, known = (
            heads["probabilities"][:, columns],
            heads["labels"][:, columns] == 1,
            heads["labels"][:, columns] >= 0,
        )
        area = macro_auroc(p, truth.astype(int), known, heads["patients"].tolist(), 200)
        if area["value"] is not None:
            scores[group] = {key: area[key] for key in ("value", "low", "high", "n_labels")} | {
                "n": int(known.any(axis=1).sum())
            }
    return scores


def markdown(results: dict[str, Any], args: argparse.Namespace) -> str:
    """Tables per source and kind of cut, with a figure of each."""
    from .figures import interval, lines_with_bands

    lines = [f"# {args.model.name}: fewer leads, shorter records, other rates ({args.split} split)", ""]
    lines += ["Macro AUROC of the finding head, 95 % intervals by bootstrap over patients."]
    for source, kinds in results.items():
        for kind, rows in kinds.items():
            groups = list(dict.fromkeys(group for figures in rows.values() for group in figures))
            lines += [
                "",
                f"## {source}: {kind}",
                "",
                f"| | {' | '.join(groups)} | n |",
                "|---" * (len(groups) + 2) + "|",
            ]
            for name, figures in rows.items():
                cells = [interval(figures[group]) if group in figures else "–" for group in groups]
                n = max((figures[group]["n"] for group in figures), default=0)
                lines.append(f"| {name} | {' | '.join(cells)} | {n} |")
            path = f"{source}-{kind.replace(' ', '-')}.png"
            n = max((figure["n"] for figures in rows.values() for figure in figures.values()), default=0)
            lines_with_bands(list(rows.items()), args.out / path, f"{source}: {kind}, n = {n} records", "macro AUROC")
            lines += ["", f"![{kind}]({path})"]
    return "\n".join(lines) + "\n"
