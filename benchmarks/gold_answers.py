"""How many of a dataset's own answers are called contradictory: python -m benchmarks.gold_answers DATASET_FOLDER.

The ECGs are measured as they are shown; probabilities are made from the known statements (95 % and 2 %).
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet

from anyecg.check import contradictions
from anyecg.conversation import record_from_row
from anyecg.findings import CODES


def answers(folder: Path) -> Iterator[tuple[str, str, str, list[str]]]:
    """(task, question, answer, contradictions) of every turn of every conversation."""
    from anyecg.measure import measure

    rows = {row["record_id"]: row for path in sorted((folder / "records").rglob("*.parquet")) for row in _rows(path)}

    @cache
    def measured(record_id: str, start_s: float, end_s: float, leads: tuple[str, ...]) -> dict[str, Any]:
        record = record_from_row(rows[record_id]).excerpt(start_s, end_s)
        return measure(record.select(leads) if leads else record).to_dict()

    for path in sorted((folder / "conversations").rglob("*.parquet")):
        for row in _rows(path):
            shown = [
                measured(record_id, place["start_s"], place["end_s"], tuple(leads))
                for record_id, place, leads in zip(row["record_ids"], row["excerpts"], row["leads"], strict=True)
            ]
            heads = [
                _heads(rows[record_id], place)
                for record_id, place in zip(row["record_ids"], row["excerpts"], strict=True)
            ]
            for asked, answered in zip(row["turns"][::2], row["turns"][1::2], strict=True):
                said = contradictions(answered["text"], shown, heads, question=asked["text"])
                yield row["task"], asked["text"], answered["text"], said


def _heads(row: Mapping[str, Any], place: Mapping[str, float]) -> dict[str, float]:
    """Probabilities for a whole record whose statements are known; none for an excerpt."""
    whole = place["start_s"] <= 0 and place["end_s"] >= row["n_samples"] / row["sampling_rate"] - 0.01
    if not whole or ("statements" not in row["known"] and not {"diagnoses", "form", "rhythm"} <= set(row["known"])):
        return {}
    return {code: 0.95 if code in row["findings"] else 0.02 for code in CODES}


def _rows(path: Path) -> list[dict[str, Any]]:
    return parquet.read_table(path).to_pylist()


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", action="store_true", help="print every contradiction")
    args = parser.parse_args(argv)
    all_of, flagged = Counter[str](), Counter[str]()
    for task, question, answer, said in answers(args.folder):
        all_of[task] += 1
        flagged[task] += bool(said)
        if said and args.show:
            print(f"{task}: {question!r} {answer!r}\n    {said}")
    print("| task | answers | called contradictory |\n|---|---|---|")
    for task in [*sorted(all_of), ""]:
        n, wrong = (all_of[task], flagged[task]) if task else (all_of.total(), flagged.total())
        print(f"| {task or 'all'} | {n} | {wrong} ({100 * wrong / max(n, 1):.1f} %) |")


if __name__ == "__main__":
    main()
