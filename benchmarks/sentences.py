"""How well wrong sentences are caught and right ones let pass: python -m benchmarks.sentences [--records 250].

ECGs are simulated and measured; the sentences about them are those of `benchmarks/sentence_cases.py`.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from anyecg.check import contradictions

from . import phrasings
from . import phrasings_later as later
from .sentence_cases import CHEST, Case, Measured, finding_cases, number_cases, word_cases


def measured_ecgs(n: int, seed: int) -> list[Measured]:
    """Measurements and true findings of simulated ECGs with a value for every field."""
    from anyecg.measure import measure
    from anyecg.simulate import simulate

    rng = random.Random(seed)
    made = []
    for ecg in simulate(n, seed=seed):
        values = measure(ecg.record).to_dict()
        if values["heart_rate_bpm"] and values["leads"]:
            made.append((_completed(values, rng), ecg.findings))
    return made


def _completed(values: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Draw what this version of `measure` does not give, so that every phrasing has something to say."""
    rate, qt = values["heart_rate_bpm"], values.get("qt_ms")
    drawn: dict[str, Any] = {
        "p_axis_deg": rng.uniform(0, 75), "t_axis_deg": rng.uniform(-30, 100), "qrs_t_angle_deg": rng.uniform(5, 150),
        "qtc_framingham_ms": qt and qt + 154 * (1 - 60 / rate), "qtc_hodges_ms": qt and qt + 1.75 * (rate - 60),
        "r_progression": {"transition_lead": rng.choice(CHEST[1:5]), "word": "normal"},
    }  # fmt: skip
    for lead, row in values["leads"].items():
        row.setdefault("p_mv", round(rng.uniform(0.05, 0.25), 3))
        row.setdefault("q_mv", -round(rng.uniform(0, 0.3), 3))
        values["leads"][lead] = row
    rows = values["leads"]
    if {"V1", "V3", "V5", "V6", "aVL"} <= set(rows):
        drawn["sokolow_lyon_mv"] = max(rows["V5"]["r_mv"], rows["V6"]["r_mv"]) - rows["V1"]["s_mv"]
        drawn["cornell_mv"] = rows["aVL"]["r_mv"] - rows["V3"]["s_mv"]
    return {**drawn, **values}


def verdicts(cases: Sequence[Case]) -> list[tuple[Case, list[str]]]:
    """Each case with what is shown about it."""
    return [(case, contradictions(case.text, case.measured, case.heads)) for case in cases]


def table(rows: Sequence[tuple[Case, list[str]]]) -> str:
    """Per kind of claim: wrong sentences and how many are caught, right ones and how many are flagged."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for case, said in rows:
        for kind in (case.kind, "findings" if case.kind == "finding" else "all numbers and words"):
            counts[kind]["wrong" if case.wrong else "right"] += 1
            counts[kind]["caught" if case.wrong else "flagged"] += bool(said)
            if case.wrong and case.just:
                counts[kind]["just"] += 1
                counts[kind]["just caught"] += bool(said)
    lines = ["| claim | wrong | caught | of those only just wrong | right | flagged |", "|---|---|---|---|---|---|"]
    for kind in [
        *sorted(k for k in counts if not k.startswith(("all", "finding"))),
        "all numbers and words",
        "findings",
    ]:
        c = counts[kind]
        lines.append(
            f"| {kind} | {c['wrong']} | {c['caught']} ({_percent(c['caught'], c['wrong'])}) | "
            f"{c['just caught']} of {c['just']} | {c['right']} |"
            f" {c['flagged']} ({_percent(c['flagged'], c['right'])}) |"
        )
    return "\n".join(lines)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


SETS = {
    "developed": (phrasings.DEVELOPED, phrasings.WORDS_DEVELOPED, phrasings.FINDINGS_DEVELOPED),
    "held out": (phrasings.HELD_OUT, phrasings.WORDS_HELD_OUT, phrasings.FINDINGS_HELD_OUT),
    "fresh": (later.FRESH, later.WORDS_FRESH, later.FINDINGS_FRESH),
    "last": (later.LAST, later.WORDS_LAST, later.FINDINGS_LAST),
    "final": (later.FINAL, later.WORDS_FINAL, later.FINDINGS_FINAL),
}


def cases_of(name: str, ecgs: Sequence[Measured], n_wrong: int, n_right: int, seed: int) -> list[Case]:
    """All cases of a set of phrasings."""
    numbers, words, findings = SETS[name]
    made = list(number_cases(numbers, ecgs, n_wrong, n_right, seed))
    made += word_cases(words, ecgs, max(2, n_wrong // 60), seed)
    return made + list(finding_cases(findings, ecgs, n_wrong // 2, seed))


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=250, help="simulated ECGs to speak of")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--show", action="store_true", help="print every sentence that is judged wrongly")
    args = parser.parse_args(argv)
    ecgs = measured_ecgs(args.records, args.seed)
    for name in args.sets:
        rows = verdicts(cases_of(name, ecgs, 500, 1000, args.seed))
        print(f"Phrasings {name}, {len(SETS[name][0])} with numbers:\n\n{table(rows)}\n")
        for case, said in rows if args.show else ():
            if case.wrong != bool(said):
                print("MISSED" if case.wrong else "FLAGGED", case.kind, repr(case.text), said)


if __name__ == "__main__":
    main()
