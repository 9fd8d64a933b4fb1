"""What the command line prints: strict JSON for programs, streamed text, errors and notices for people."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .cli_options import Refusal

if TYPE_CHECKING:
    from .answer import Answer

NOTICE = "anyecg is not a medical device: for research and teaching only, never for a patient's care."
IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".pdf")


# ---- JSON


def print_json(result: Mapping[str, Any]) -> None:
    """One object on one line: strictly JSON, so a NaN or infinity becomes null."""
    typer.echo(json.dumps(_plain(result), allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str | bool | int | None):
        return value
    if not isinstance(value, float):
        return _plain(value.tolist())  # numpy numbers and arrays
    return float(value) if math.isfinite(value) else None


def answer_keys(answer: Answer) -> dict[str, Any]:
    """The documented keys of an answer."""
    return {
        "critical": answer.critical, "answer": answer.text, "changes": answer.changes, "evidence": answer.evidence,
        "intervals": answer.intervals,
        "contradictions": answer.contradictions, "warnings": answer.warnings, "first_token_s": answer.first_token_s,
        "total_s": answer.total_s, "tokens": answer.tokens, "origin": answer.origin,
    }  # fmt: skip


# ---- for people


def complain(path: str, error: BaseException, as_json: bool) -> None:
    """One sentence on stderr; with --json also the record's line."""
    sentence = first_line(error) or f"{type(error).__name__} while reading."
    if as_json:
        print_json({"record": path, "error": sentence})
    name = Path(path).name
    about = f"{path}: {sentence}" if not sentence.startswith((name, path)) else sentence
    typer.echo(f"anyecg: {about}", err=True)


def first_line(error: BaseException) -> str:
    """An error in one line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error).strip().split("\n")[0]


def print_notice() -> None:
    """On stderr, so that it is seen but stays out of files."""
    typer.echo(NOTICE, err=True)


def print_title(text: str) -> None:
    typer.secho(text, bold=True)


def stream(answers: Iterator[Answer]) -> Answer:
    """Print critical values, then an answer's text as it grows; returns the finished answer."""
    from .answer import critical_sentences
    from .cli_tables import show_critical

    shown, finished = "", None
    for answer in answers:
        if finished is None:
            show_critical(critical_sentences(answer))
        if answer.text.startswith(shown):
            typer.echo(answer.text[len(shown) :], nl=False)
            shown = answer.text
            sys.stdout.flush()
        finished = answer
    if finished is None:
        raise ValueError("the model gave no answer.")
    typer.echo("" if finished.text == shown else f"\n\nMended: {finished.text}")
    return finished


def image_paths(out: str, records: Sequence[str]) -> list[Path]:
    """Where each record's image goes: the file named, or files in a folder.

    Raises:
        Refusal: if the ending is no image's, or one file is named for several records.
    """
    target, many = Path(out), len(records) > 1
    if many or target.is_dir():
        if target.suffix.lower() in IMAGE_ENDINGS and not target.is_dir():
            raise Refusal(f"{out} is one file for {len(records)} ECGs; name a folder.")
        target.mkdir(parents=True, exist_ok=True)
        stems = [Path(record).stem for record in records]
        numbered = [s if stems.count(s) == 1 else f"{s}-{stems[:k].count(s) + 1}" for k, s in enumerate(stems)]
        return [target / f"{stem}.png" for stem in numbered]
    if target.suffix.lower() not in IMAGE_ENDINGS:
        raise Refusal(f"{out} is no image file; choose one of {', '.join(IMAGE_ENDINGS)}.")
    return [target]
