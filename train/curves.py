"""How findings and beats hold up with fewer leads, shorter records and lower sampling rates.

    python -m train curves MODEL --data FOLDER [--split valid] --out RESULTS

Every record of twelve leads and ten seconds is cut to 12, 6, 2 and 1 leads, to 10, 5 and 2.5 s around its middle, and
resampled to 500, 250 and 100 Hz, as far as it was recorded at that rate; its findings are scored after each cut, and
against the first row on the same records. Records longer than 30 s are read with all their leads and with each alone,
at their own rate, 250 and 100 Hz, and their ectopic beats are scored. Written: curves.json, curves.md, and one figure
per source and kind of cut.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from anyecg.findings import FORMS, HEAD_LABELS, RHYTHMS, SUBCLASSES, SUPERCLASSES
from anyecg.leads import LIMB_LEADS, STANDARD_LEADS
from anyecg.metrics import Statistic, macro_auroc_of, with_interval
from anyecg.record import EcgRecord, resample

Cut = Callable[[EcgRecord], EcgRecord]
Figures = dict[str, dict[str, Any]]
"""Per series (label group, or kind of beat) a value with its interval and n."""
GROUPS = {
    "superclasses": tuple(f"super:{name}" for name in SUPERCLASSES),
    "subclasses": tuple(f"sub:{name}" for name in SUBCLASSES),
    "form statements": FORMS, "rhythm statements": RHYTHMS,
}  # fmt: skip
LEAD_SETS = {
    "12 leads": STANDARD_LEADS, "6 limb leads": LIMB_LEADS, "II and V1": ("II", "V1"), "I and II": ("I", "II"),
    "II": ("II",), "I": ("I",),
}  # fmt: skip
DURATIONS_S = (10.0, 5.0, 2.5)
RATES_HZ = (500.0, 250.0, 100.0)
RESAMPLES = 200


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
    """Score every cut on every source; returns the Markdown tables.

    Raises:
        ValueError: when no record can be cut.
    """
    from anyecg.chat import EcgChat

    from .data import tables
    from .evaluate_heads import sources_of

    began, chat = time.process_time(), EcgChat.from_pretrained(args.model)
    args.out.mkdir(parents=True, exist_ok=True)
    results: dict[str, dict[str, dict[str, Figures]]] = {}
    for source, files in sources_of(tables(args.data, "records", args.split)).items():
        if args.sources and source not in args.sources:
            continue
        rows = list(_complete_rows(files, args.records))
        kinds = _finding_curves(chat, source, rows) if rows else {}
        if kinds := kinds | _beat_curves(chat, files, args.records):
            results[source] = kinds
    if not results:
        raise ValueError("the curves need labelled records of twelve leads and ten seconds, or marked ones over 30 s.")
    (args.out / "curves.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    minutes = (time.process_time() - began) / 60
    text = markdown(results, args) + f"\n{minutes:.1f} CPU-minutes.\n"
    (args.out / "curves.md").write_text(text, encoding="utf-8")
    return text


def cuts_of(rate: float) -> dict[str, dict[str, Cut]]:
    """Per kind of curve the cuts by name, from the most to the least information, of records of `rate` Hz or more."""
    rates = {f"{slower:g} Hz": _rate(slower) for slower in RATES_HZ if slower <= rate}
    kinds = {
        "leads": {name: _leads(leads) for name, leads in LEAD_SETS.items()},
        "duration": {f"{seconds:g} s": _middle(seconds) for seconds in DURATIONS_S},
        "sampling rate": rates,
    }
    return {kind: cuts for kind, cuts in kinds.items() if len(cuts) > 1}


def _finding_curves(
    chat: Any, source: str, rows: Sequence[tuple[dict[str, Any], np.ndarray]]
) -> dict[str, dict[str, Figures]]:
    from .evaluate_heads import heads_of

    kinds: dict[str, dict[str, Figures]] = {}
    whole: dict[str, np.ndarray] = {}
    for kind, cuts in cuts_of(min(row["sampling_rate"] for row, _ in rows)).items():
        for k, (name, cut) in enumerate(cuts.items()):
            # The first cut of every kind leaves these records as they are.
            heads = whole if k == 0 and whole else heads_of(chat, _cut_rows(rows, cut), f"{source}, {name}", len(rows))
            whole = whole or heads
            kinds.setdefault(kind, {})[name] = scores_of(heads, None if k == 0 else whole)
    return kinds


def _beat_curves(chat: Any, files: Sequence[Path], limit: int | None) -> dict[str, dict[str, Figures]]:
    from anyecg.conversation import record_from_row

    from .data import rows_of
    from .evaluate_heads import BEATS, beat_scores, long_rows

    rows = [row for row in long_rows(rows_of(files), limit) if set(BEATS) & set(row["known_events"])]
    if not rows:
        return {}
    fewest, slowest = min(len(row["leads"]) for row in rows), min(row["sampling_rate"] for row in rows)
    alone = {f"lead {k + 1} alone": _lead_number(k) for k in range(fewest)} if fewest > 1 else {}
    slower = {f"{rate:g} Hz": _rate(rate) for rate in RATES_HZ if rate < slowest}

    def figures(cut: Cut) -> Figures:
        (found,) = beat_scores(chat, ((cut(record_from_row(row)), row) for row in rows)).values()
        return {
            f"{kind}, {what}": found[f"{kind}: {what}, gross"]
            for kind in BEATS for what in ("F1", "sensitivity", "positive predictivity")
            if f"{kind}: {what}, gross" in found
        }  # fmt: skip

    whole = figures(lambda record: record)
    return {
        f"ectopic beats, {what}": {"as recorded": whole} | {name: figures(cut) for name, cut in cuts.items()}
        for what, cuts in (("leads", alone), ("sampling rate", slower))
        if cuts
    }


def _leads(names: Sequence[str]) -> Cut:
    return lambda record: record.select(names)


def _lead_number(k: int) -> Cut:
    return lambda record: record.select(record.leads[k : k + 1])


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
        ten_seconds = abs(row["n_samples"] / row["sampling_rate"] - DURATIONS_S[0]) <= 0.1
        if set(STANDARD_LEADS) <= set(row["leads"]) and ten_seconds and (limit is None or kept < limit):
            kept += 1
            yield row, vector


def _cut_rows(rows: Sequence[tuple[dict[str, Any], np.ndarray]], cut: Cut) -> Any:
    from anyecg.conversation import record_from_row

    return ((cut(record_from_row(row)), vector, row["patient_id"], row["record_id"]) for row, vector in rows)


def scores_of(heads: Mapping[str, np.ndarray], whole: Mapping[str, np.ndarray] | None = None) -> Figures:
    """Macro AUROC of each label group with its interval by patient; n counts records.

    Args:
        heads: what `evaluate_heads.heads_of` gives of the cut records.
        whole: the same of the uncut ones; adds "change", the difference with its paired interval.
    """
    scores, patients = {}, heads["patients"].tolist()
    for group, labels in GROUPS.items():
        columns = [HEAD_LABELS.index(label) for label in labels]
        truth, known = heads["labels"][:, columns] == 1, heads["labels"][:, columns] >= 0
        area = macro_auroc_of(heads["probabilities"][:, columns], truth, known)
        figure = with_interval(area, patients, RESAMPLES)
        if figure["value"] is None:
            continue
        scores[group] = figure | {"n": int(known.any(axis=1).sum())}
        if whole is not None:
            before = macro_auroc_of(whole["probabilities"][:, columns], truth, known)
            change = with_interval(_difference(area, before), patients, RESAMPLES)
            scores[group]["change"] = {key: change[key] for key in ("value", "low", "high")}
    return scores


def _difference(after: Statistic, before: Statistic) -> Statistic:
    return lambda weights: after(weights) - before(weights)


def markdown(results: Mapping[str, Mapping[str, Mapping[str, Figures]]], args: argparse.Namespace) -> str:
    """Tables per source and kind of cut, with a figure of each."""
    lines = [f"# {args.model.name}: fewer leads, shorter records, other rates ({args.split} split)", ""]
    lines += ["Macro AUROC of the finding head and, in long records, beats found within 150 ms; 95 % intervals by "
              "bootstrap over patients. In square brackets the change from the first row on the same records; n counts "
              "records, for beats patients."]  # fmt: skip
    for source, kinds in results.items():
        for kind, rows in kinds.items():
            lines += ["", f"## {source}: {kind}", "", *_table(rows), "", _figure(source, kind, rows, args.out)]
    return "\n".join(lines) + "\n"


def _table(rows: Mapping[str, Figures]) -> list[str]:
    from .figures import interval

    series = list(dict.fromkeys(name for figures in rows.values() for name in figures))
    lines = [f"| | {' | '.join(series)} | n |", "|---" * (len(series) + 2) + "|"]
    for name, figures in rows.items():
        cells = []
        for one in series:
            change = figures.get(one, {}).get("change")
            told = f" [{change['value']:+.3f}: {change['low']:+.3f} to {change['high']:+.3f}]" if change else ""
            cells.append(interval(figures.get(one, {})) + told)
        lines.append(f"| {name} | {' | '.join(cells)} | {max((f['n'] for f in figures.values()), default=0)} |")
    return lines


def _figure(source: str, kind: str, rows: Mapping[str, Figures], out: Path) -> str:
    from .figures import lines_with_bands

    path = f"{source}-{kind.replace(',', '').replace(' ', '-')}.png"
    n = max((figure["n"] for figures in rows.values() for figure in figures.values()), default=0)
    beats = kind.startswith("ectopic beats")
    shown = {
        name: {k: v for k, v in figures.items() if not beats or k.endswith("F1")} for name, figures in rows.items()
    }
    title = f"{source}: {kind}, n = {n} {'patients' if beats else 'records'}"
    lines_with_bands(list(shown.items()), out / path, title, "F1" if beats else "macro AUROC")
    return f"![{kind}]({path})"
