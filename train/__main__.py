"""Train, calibrate and evaluate: `python -m train run|measured|calibrate|evaluate|curves|export …`; each has --help."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path


def make_parser() -> argparse.ArgumentParser:
    """The command line of `python -m train`."""
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run the stages of a curriculum, resuming where a killed run stopped")
    run.add_argument("config", type=Path, help="YAML file, for example train/configs/nano.yaml")
    run.add_argument("--data", type=Path, nargs="+", required=True, help="folders that data_builders wrote")
    run.add_argument("--out", type=Path, required=True, help="run folder; one model folder per stage")
    run.add_argument("--init", type=Path, help="start from this model folder")
    run.add_argument("--encoder", type=Path, help="this model's encoder, also with --init; skips the evidence stages")
    run.add_argument("--stages", nargs="+", help="only the stages of these names")
    run.add_argument("--max-steps", type=int, help="at most this many steps per stage")
    run.add_argument("--threads", type=int, default=1, help="CPU threads (1 is fastest on a busy machine)")
    measured = commands.add_parser("measured", help="fit the head that reads the measurements; calibrate afterwards")
    measured.add_argument("model", type=Path)
    measured.add_argument("--data", type=Path, nargs="+", required=True)
    measured.add_argument("--mixture", nargs="+", metavar="SOURCE=SHARE", help="share of the draws, ptb-xl=0.8 …")
    measured.add_argument("--processes", type=int, default=1, help="for measuring (default 1)")
    measured.add_argument("--seed", type=int, default=0)
    calibrate = commands.add_parser("calibrate", help="fit probabilities and thresholds on validation records")
    calibrate.add_argument("model", type=Path)
    calibrate.add_argument("--data", type=Path, nargs="+", required=True)
    calibrate.add_argument("--sources", nargs="+", help="only records of these sources, for example the real ones")
    export = commands.add_parser("export", help="write a trained model for shipping, weights as 16-bit floats")
    export.add_argument("model", type=Path)
    export.add_argument("out", type=Path)
    export.add_argument("--evidence", type=Path, help="this model's encoder speaks for findings and events")
    commands.add_parser("evaluate", help="score a model; see python -m train evaluate --help", add_help=False)
    commands.add_parser("curves", help="findings with fewer leads, shorter records and other rates", add_help=False)
    commands.add_parser("ablate", help="parts of encoder pretraining on and off, as a table", add_help=False)
    return parser


def main(argv: list[str] | None = None) -> None:
    """Parse, then import what the command needs."""
    argv = sys.argv[1:] if argv is None else argv
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    if argv[:1] == ["evaluate"]:
        from .evaluate import main as evaluate

        evaluate(argv[1:])
        return
    if argv[:1] == ["curves"]:
        from .curves import main as curves

        curves(argv[1:])
        return
    if argv[:1] == ["ablate"]:
        from .ablate import main as ablate

        ablate(argv[1:])
        return
    args = make_parser().parse_args(argv)
    try:
        _dispatch(args)
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f"error: {error}")


def _dispatch(args: argparse.Namespace) -> None:
    if args.command == "run":
        import torch

        from .run import run
        from .stages import load_curriculum, selected

        torch.set_num_threads(args.threads)
        curriculum = load_curriculum(args.config)
        curriculum = selected(curriculum, args.stages, args.max_steps, skip_evidence=args.encoder is not None)
        print(run(curriculum, args.data, args.out, args.init, args.encoder))
    elif args.command == "measured":
        from .measured import fit_measured_head

        cache = args.model.resolve().parent / "measured"
        print(fit_measured_head(args.model, args.data, cache, _shares(args.mixture), args.processes, args.seed))
    elif args.command == "calibrate":
        from .calibrate import calibrate

        print(calibrate(args.model, args.data, args.sources))
    else:
        from .assemble import export

        print(export(args.model, args.out, args.evidence))


def _shares(words: list[str] | None) -> dict[str, float] | None:
    """ "ptb-xl=0.8" as {"ptb-xl": 0.8}."""
    try:
        return {name: float(share) for name, _, share in (word.partition("=") for word in words or ())} or None
    except ValueError:
        raise ValueError(
            f"--mixture is {' '.join(words or [])!r}; write SOURCE=SHARE, for example ptb-xl=0.8."
        ) from None


if __name__ == "__main__":
    main()
