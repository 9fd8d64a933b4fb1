"""The command `anyecg`: read ECG files, measure them, ask about them, draw them.

    anyecg measure ecg.hea --json
    anyecg ask before.hea after.hea -q "What has changed?"

Tables and text are for people, `--json` is for programs (keys: docs/cli.md). Only what a command needs is imported,
inside the command, so that `--help` answers at once.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from .cli_options import Checkpoint, Options, Question, Records, Refusal

if TYPE_CHECKING:
    from .chat import EcgChat
    from .record import EcgRecord

app = typer.Typer(add_completion=False, rich_markup_mode=None, help="Ask ECGs. Not a medical device.")
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]  # click's, which recent typer keeps to itself


def _command(function: Callable[..., int]) -> Callable[..., int]:
    """Register a command whose last parameter is `options`; its fields become options of the command line."""
    hints = get_type_hints(Options, include_extras=True)
    own = [p for p in inspect.signature(function, eval_str=True).parameters.values() if p.name != "options"]
    shared = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
        for f in fields(Options)
    ]

    def run(**given: Any) -> int:
        options = Options(**{f.name: given.pop(f.name) for f in fields(Options)})
        options.check()
        return function(**given, options=options)

    keyword_only = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
    run.__signature__ = inspect.Signature([*keyword_only, *shared])  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in [*keyword_only, *shared]}
    run.__doc__ = function.__doc__
    app.command(function.__name__)(run)
    return function


@_command
def info(records: Records, *, options: Options) -> int:
    """Leads, rate, duration, patient, notes of the reader."""
    from .cli_tables import show_info

    return _each(records, options, lambda record, _: _facts(record), show_info)


@_command
def measure(records: Records, *, options: Options) -> int:
    """Beats, rate, intervals, axis, amplitudes and quality."""
    from .cli_tables import show_measurements
    from .measure import measure as measure_record

    return _each(records, options, lambda record, _: measure_record(record).to_dict(), show_measurements)


@_command
def findings(records: Records, checkpoint: Checkpoint = None, *, options: Options) -> int:
    """Probabilities of findings, classes and rhythms."""
    from .cli_tables import show_findings

    chat = _Chat(checkpoint)
    return _each(records, options, lambda record, _: chat().findings(record), show_findings)


@_command
def report(records: Records, checkpoint: Checkpoint = None, *, options: Options) -> int:
    """A written report of each ECG, with its evidence."""
    from .cli_output import answer_keys, stream
    from .cli_tables import show_answer

    chat = _Chat(checkpoint)

    def work(record: EcgRecord, _: int) -> dict[str, Any]:
        if options.json:
            return answer_keys(chat().report(record))
        from .chat import REPORT_QUESTION

        return answer_keys(stream(chat().stream([record], REPORT_QUESTION)))

    return _each(records, options, work, show_answer)


@_command
def locate(
    records: Records,
    finding: Annotated[str, typer.Option(help='What to look for, as in "premature ventricular contraction".')],
    checkpoint: Checkpoint = None,
    *,
    options: Options,
) -> int:
    """Where beats or episodes of a kind lie, in seconds."""
    from .cli_tables import show_places
    from .named_places import kind_of

    kind_of(finding)  # an unknown finding is refused before the model is loaded
    chat = _Chat(checkpoint)
    return _each(records, options, lambda record, _: chat().locate(record, finding), show_places)


@_command
def ask(records: Records, question: Question, checkpoint: Checkpoint = None, *, options: Options) -> int:
    """Answer a question about one ECG or several together."""
    return _together(records, question, checkpoint, options)


@_command
def compare(records: Records, checkpoint: Checkpoint = None, *, options: Options) -> int:
    """What differs between two or more ECGs, in the order given."""
    if len(records) < 2:
        raise Refusal(f"{len(records)} ECG was given; a comparison needs at least two.")
    from .chat import COMPARE_QUESTION

    return _together(records, COMPARE_QUESTION, checkpoint, options)


@_command
def show(
    records: Records,
    out: Annotated[str, typer.Option("--out", "-o", metavar="PATH", help="An image file; for several ECGs a folder.")],
    *,
    options: Options,
) -> int:
    """Draw each ECG on paper of 25 mm/s and 10 mm/mV."""
    from .cli_output import image_paths
    from .cli_tables import show_image

    paths = image_paths(out, records)

    def work(record: EcgRecord, k: int) -> dict[str, Any]:
        from .draw import draw_strip

        image = draw_strip(record)
        image.convert("RGB").save(paths[k])
        return {"image": str(paths[k]), "width": image.width, "height": image.height}

    return _each(records, options, work, show_image)


@app.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    options_metavar="MODEL [--data FOLDER … | --benchmark NAME …] --out FOLDER",
)
def evaluate(context: typer.Context) -> int:
    """Score a model; the same as python -m train evaluate in a checkout of the project."""
    root = Path(__file__).parents[1]
    if not (root / "train" / "evaluate.py").is_file():
        raise Refusal(
            "evaluating needs the project's checkout, and this is an installed copy that holds the library alone; "
            "clone the repository and run python -m train evaluate there."
        )
    import subprocess  # a process of its own: the library must not import what is built on it

    paths = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-P", "-m", "train", "evaluate", *context.args]
    return subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, check=False).returncode


class _Chat:
    """The model, loaded when the first record needs it, and only once."""

    def __init__(self, checkpoint: str | None):
        self.checkpoint = checkpoint
        self.chat: EcgChat | None = None

    def __call__(self) -> EcgChat:
        if self.chat is None:
            import torch

            from .chat import EcgChat
            from .cli_output import first_line

            torch.set_num_threads(1)  # fastest for one short request at a time
            try:
                self.chat = EcgChat.from_pretrained(self.checkpoint)
            except (ValueError, OSError) as error:
                raise Refusal(f"the model cannot be loaded: {first_line(error)}") from None
        return self.chat


def _facts(record: EcgRecord) -> dict[str, Any]:
    return {
        "name": record.name, "leads": list(record.leads), "sampling_rate_hz": record.sampling_rate,
        "duration_s": record.duration_s, "samples": record.signal.shape[1], "age": record.age, "sex": record.sex,
        "recorded_at": record.recorded_at, "notes": list(record.notes),
    }  # fmt: skip


def _each(
    paths: Sequence[str],
    options: Options,
    work: Callable[[EcgRecord, int], dict[str, Any]],
    show: Callable[[dict[str, Any]], None],
) -> int:
    """Do the same with every record; one that fails is told and the others go on. Returns the exit code."""
    from .cli_output import complain, print_json, print_notice, print_title

    failed = False
    for k, path in enumerate(paths):
        try:
            record = options.read(path)
            if not options.json:
                print_title(path)
            result = {"record": path} | options.excerpt() | work(record, k)
        except (ValueError, OSError, MemoryError) as error:
            complain(path, error, options.json)
            failed = True
            continue
        if options.json:
            print_json(result)
        else:
            show(result)
    if not options.json:
        print_notice()
    return 2 if failed else 0


def _together(paths: Sequence[str], question: str, checkpoint: str | None, options: Options) -> int:
    """One answer about all records; none if one of them cannot be read."""
    from .cli_output import answer_keys, complain, print_json, print_notice, print_title, stream
    from .cli_tables import show_answer

    if not question.strip():
        raise Refusal("the question is empty; ask something about the ECG.")
    records = []
    for path in paths:
        try:
            records.append(options.read(path))
        except (ValueError, OSError, MemoryError) as error:
            complain(path, error, options.json)
    if len(records) < len(paths):
        return 2
    chat = _Chat(checkpoint)()
    if options.json:
        about = {"record": paths[0], "records": list(paths), "question": question} | options.excerpt()
        print_json(about | answer_keys(chat.ask(records, question)))
    else:
        print_title(", ".join(paths))
        show_answer(answer_keys(stream(chat.stream(records, question))))
        print_notice()
    return 0


@app.callback(invoke_without_command=True)
def _anyecg(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    if version:
        from . import __version__

        typer.echo(f"anyecg {__version__}")
        raise typer.Exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, or 2 if anything was refused."""
    given = list(sys.argv[1:] if argv is None else argv)
    try:
        code = app(given or ["--help"], prog_name="anyecg", standalone_mode=False)
    except _UsageError as error:
        typer.echo(f"anyecg: {_sentence(error)}", err=True)
        return 2
    except (Refusal, ValueError, OSError, typer.Abort) as error:
        if isinstance(error, typer.Abort):
            return 130  # as shells say for Ctrl-C
        if isinstance(error, BrokenPipeError):  # the reader of our output has gone, as in `| head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        typer.echo(f"anyecg: {' '.join(str(error).split())}", err=True)
        return 2
    return int(code or 0)


def _sentence(error: Any) -> str:
    """What the parser refuses, in one line that points to the help."""
    text = " ".join(error.format_message().split())
    command = error.ctx.command_path if error.ctx is not None else "anyecg"
    return f"{text.removesuffix('.')}. See {command} --help."


if __name__ == "__main__":
    sys.exit(main())
