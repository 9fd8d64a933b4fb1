"""Command line of the dataset builder.

python -m data_builders build --source simulated --count 2000 --out datasets_built/simulated
python -m data_builders build --source ptb-xl --directory DIR --out OUT --tasks none
python -m data_builders card OUT
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from anyecg.conversation import TASKS

from .sources import SOURCES


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
    build.add_argument("--no-measure", action="store_true", help="leave the measurements out (faster)")
    card = commands.add_parser("card", help="rewrite the dataset card")
    card.add_argument("out", type=Path)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run a command; wrong input ends in one sentence and exit code 2."""
    args = make_parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        return _card(args.out) if args.command == "card" else _build(args)
    except ValueError as error:  # BuildError, SourceError, SplitError and RecordError are ValueErrors
        print(f"error: {error}", file=sys.stderr)
        return 2


def _build(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from .build import Options, build

    tasks = () if args.tasks == "none" else tuple(task.strip() for task in args.tasks.split(","))
    options = Options(
        args.source, args.out, args.directory, args.count, args.seed, tasks, args.limit, not args.no_measure,
        _weights(args.weights),
    )  # fmt: skip
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task(args.source, total=None)
        summary = build(options, lambda done, total: progress.update(bar, completed=done, total=total))
    there = f" ({summary.records_there_already:,} were there already)" if summary.records_there_already else ""
    print(
        f"{summary.records:,} records and {summary.conversations:,} conversations written to {args.out}{there} in "
        f"{summary.seconds:.1f} s, {summary.records / max(summary.seconds, 1e-9):.0f} records/s; "
        f"{len(summary.left_out):,} left out."
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
