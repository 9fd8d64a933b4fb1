"""Command line of the dataset builder.

python -m data_builders build --source simulated --count 2000 --out datasets_built/simulated
python -m data_builders build --source ptb-xl --directory DIR --out OUT --tasks none
python -m data_builders download --source ludb --directory DIR
python -m data_builders sources
python -m data_builders ecg-qa OUT --directory ECG-QA
python -m data_builders check OUT
python -m data_builders rephrase OUT --model MODEL
python -m data_builders card OUT
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyecg.conversation import TASKS

from .sources import SOURCES

if TYPE_CHECKING:
    from rich.progress import Progress


def make_parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    parser = argparse.ArgumentParser(prog="python -m data_builders", description="Build records and conversations.")
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="build one source; run again to go on after an interruption")
    build.add_argument("--source", required=True, choices=SOURCES)
    build.add_argument("--out", required=True, type=Path, help="directory of the dataset; sources may share it")
    build.add_argument("--directory", type=Path, help="where the database lies, in its official layout")
    build.add_argument("--count", type=int, default=1000, help="records to simulate (default 1000)")
    build.add_argument("--seed", type=int, default=0)
    build.add_argument("--tasks", default=",".join(TASKS), help=f"of {','.join(TASKS)} (default all), or none")
    build.add_argument("--limit", type=int, help="at most so many records, shared among the splits")
    build.add_argument("--weights", default="", help="conversations per record, as in report=1,question=2.5")
    build.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: all cores")
    build.add_argument("--no-measure", action="store_true", help="leave the measurements out (faster)")
    fetch = commands.add_parser("download", help="fetch an open database from PhysioNet; run again to go on")
    fetch.add_argument("--source", required=True, choices=SOURCES)
    fetch.add_argument("--directory", required=True, type=Path, help="where the database shall lie")
    commands.add_parser("sources", help="list the databases: signals, truth, splits, licence")
    official = commands.add_parser("ecg-qa", help="add the official ECG-QA questions to a dataset that holds PTB-XL")
    official.add_argument("out", type=Path)
    official.add_argument("--directory", required=True, type=Path, help="folder of the official json files")
    again = commands.add_parser("rephrase", help="let a language model say answers in other words, checked for facts")
    again.add_argument("out", type=Path)
    again.add_argument("--model", required=True, help="folder or hub name; with --endpoint the name it knows")
    again.add_argument("--endpoint", help="an OpenAI-compatible address up to /v1; else the model runs here")
    again.add_argument("--share", type=float, default=0.1, help="of the conversations (default 0.1)")
    again.add_argument("--seed", type=int, default=0)
    check = commands.add_parser("check", help="patients, near-duplicates across splits, answers without the ECG")
    check.add_argument("out", type=Path, nargs="+", help="datasets that will be used together")
    card = commands.add_parser("card", help="rewrite the dataset card")
    card.add_argument("out", type=Path)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run a command; wrong input ends in one sentence and exit code 2."""
    args = make_parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        if args.command == "card":
            return _card(args.out)
        commands = {"build": _build, "download": _download, "sources": _sources, "check": _check,
                    "rephrase": _rephrase, "ecg-qa": _ecg_qa}  # fmt: skip
        return commands[args.command](args)
    except ValueError as error:  # BuildError, SourceError, SplitError, DownloadError and RecordError are ValueErrors
        print(f"error: {error}", file=sys.stderr)
        return 2


def _sources(args: argparse.Namespace) -> int:
    from .sources.catalogue import CATALOGUE

    for name, database in CATALOGUE.items():
        where = f"https://physionet.org/content/{database.download}" if database.download else database.home
        print(f"{name}\n  {database.title} ({database.licence}) {where}".rstrip())
        print(f"  signals: {database.signals}\n  truth: {database.truth}\n  splits: {database.splits}")
    return 0


def _check(args: argparse.Namespace) -> int:
    from .leakage import as_markdown, check

    report = check(args.out)
    print(as_markdown(report), end="")
    return 1 if report.patients_in_two_splits or report.duplicates else 0


def _ecg_qa(args: argparse.Namespace) -> int:
    from .card import write_card
    from .ecgqa import add_questions

    kept, dropped = add_questions(args.out, args.directory)
    write_card(args.out)
    print(f"ECG-QA: {', '.join(f'{n:,} questions in {split}' for split, n in kept.items())}.")
    for reason, n in dropped.most_common():
        print(f"  {n:,} dropped: {reason}")
    return 0


def _rephrase(args: argparse.Namespace) -> int:
    from .rephrase import endpoint_writer, local_writer, rephrase

    write = endpoint_writer(args.endpoint, args.model) if args.endpoint else local_writer(args.model)
    with _progress() as progress:
        bar = progress.add_task("rephrase", total=None)
        done = rephrase(
            args.out, write, name=Path(args.model).name, share=args.share, seed=args.seed,
            on_progress=lambda n, total: progress.update(bar, completed=n, total=total),
        )  # fmt: skip
    refused = ", ".join(f"{reason}: {n:,}" for reason, n in done.refused.most_common())
    print(f"{done.accepted:,} answers rephrased; refused: {refused or 'none'}.")
    return 0


def _download(args: argparse.Namespace) -> int:
    from .download import download

    with _progress() as progress:
        bar = progress.add_task(args.source, total=None)
        done = download(
            args.source, args.directory, on_progress=lambda n, total: progress.update(bar, completed=n, total=total)
        )
    print(f"{done.fetched:,} files fetched into {args.directory}, {done.there_already:,} were there already.")
    return 0


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Speed(ProgressColumn):
        def render(self, task: Any) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:.1f}/s" if speed else "")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Speed(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), speed_estimate_period=60)


def _build(args: argparse.Namespace) -> int:
    from .build import Options, build

    tasks = () if args.tasks == "none" else tuple(task.strip() for task in args.tasks.split(","))
    options = Options(
        args.source, args.out, args.directory, args.count, args.seed, tasks, args.limit, not args.no_measure,
        _weights(args.weights), args.processes,
    )  # fmt: skip
    with _progress() as progress:
        bar = progress.add_task(args.source, total=None)
        summary = build(options, lambda done, total: progress.update(bar, completed=done, total=total))
    there = f" ({summary.records_there_already:,} were there already)" if summary.records_there_already else ""
    print(
        f"{summary.records:,} records and {summary.conversations:,} conversations written to {args.out}{there} in "
        f"{summary.seconds:.1f} s, {summary.records / max(summary.seconds, 1e-9):.0f} records/s; "
        f"{len(summary.left_out):,} left out, {len(summary.rejected):,} rows rejected."
    )
    return 0


def _weights(text: str) -> dict[str, float]:
    """Conversations per record and task: the usual ones, changed by what the text says."""
    from .questions.make import WEIGHTS

    weights = dict(WEIGHTS)
    for part in filter(None, text.split(",")):
        task, _, value = part.strip().partition("=")
        if task not in WEIGHTS or not value.replace(".", "", 1).isdigit():
            raise ValueError(f"cannot read the weight {part!r}; write task=number with a task of {', '.join(WEIGHTS)}.")
        weights[task] = float(value)
    return weights


def _card(out: Path) -> int:
    from .card import write_card

    if not (out / "records").is_dir():
        raise ValueError(f"{out} holds no dataset (no records folder); build one first.")
    print(write_card(out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
