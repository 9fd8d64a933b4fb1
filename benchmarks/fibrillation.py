"""Atrial fibrillation in two-lead recordings by measurement alone, against MIT-BIH's rhythm marks.

    python -m benchmarks.fibrillation [--data FOLDER]

Prints Markdown. The limits were chosen on DS1.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import wfdb

from anyecg.measure import detect_r_peaks
from anyecg.measure.atrial_fibrillation import atrial_fibrillation_spans
from anyecg.measure.beats import usable_leads
from anyecg.measure.fit_beats import DS1
from anyecg.measure.kinds import classify_beats

from .beats import DEFAULT_DATA, PACED, percent, read_marked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder that holds mitdb/")
    print_fibrillation(parser.parse_args().data / "mitdb")


def print_fibrillation(folder: Path) -> None:
    """Atrial fibrillation in seconds, against the rhythm marks; flutter is a rhythm of its own and counts as well."""
    names = sorted(path.stem for path in folder.glob("*.hea"))
    parts = {"DS1 (chosen on)": [n for n in names if n in DS1], "DS2": [n for n in names if n not in (*DS1, *PACED)]}
    print("\n| atrial fibrillation or flutter, MIT-BIH, two leads | s marked | Se % | +P % |\n|---|--:|--:|--:|")
    for title, part in parts.items():
        tp, fn, fp = np.sum([_fibrillation_seconds(folder / name) for name in part], axis=0)
        print(f"| {title} | {tp + fn} | {percent(tp, fn)} | {percent(tp, fp)} |")


def _fibrillation_seconds(path: Path) -> np.ndarray:
    """Seconds found, missed and invented."""
    record, marks = read_marked(path)[0], wfdb.rdann(str(path), "atr")
    rows = usable_leads(record)
    peaks = detect_r_peaks(record, rows=rows)
    found = atrial_fibrillation_spans(record, peaks, classify_beats(record, peaks, rows)[0], rows)
    notes = [(at / record.sampling_rate, note) for at, note in zip(marks.sample, marks.aux_note, strict=True)
             if note.startswith("(")]  # fmt: skip
    ends = [*(at for at, _ in notes[1:]), record.duration_s]
    marked = [(at, end) for (at, note), end in zip(notes, ends, strict=True) if note.startswith(("(AFIB", "(AFL"))]
    seconds = np.arange(int(record.duration_s)) + 0.5
    true, said = (
        np.any([(seconds >= span[0]) & (seconds < span[1]) for span in [(0, 0), *spans]], axis=0)
        for spans in (marked, found)
    )
    return np.array([(true & said).sum(), (true & ~said).sum(), (said & ~true).sum()])


if __name__ == "__main__":
    main()
