"""Predictions on disk as they come, so that a killed evaluation goes on where it stopped and asks nothing again."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)


class Journal:
    """The file predictions.jsonl of an evaluation; run.json beside it says what was evaluated."""

    def __init__(self, folder: Path, about: Mapping[str, Any]):
        """Open the folder, with the predictions it holds already in `done`, by their id.

        Raises:
            ValueError: if the folder holds predictions of another model, dataset or setting.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "predictions.jsonl"
        _claim(folder / "run.json", self.path, json.loads(json.dumps(about)))
        self.done: dict[str, dict[str, Any]] = {}
        whole = 0
        if self.path.exists():
            for line in self.path.read_bytes().splitlines(keepends=True):
                try:
                    row = json.loads(line) if line.endswith(b"\n") else None
                except ValueError:
                    row = None
                if row is None:  # the kill came in the middle of this line
                    break
                self.done[row["conversation_id"]] = row
                whole += len(line)
            with self.path.open("r+b") as file:
                file.truncate(whole)
        if self.done:
            logger.info("%d predictions are there already; delete %s to ask again", len(self.done), self.path)

    def add(self, predictions: Sequence[dict[str, Any]]) -> None:
        """Append predictions and see that they are on disk."""
        with self.path.open("a", encoding="utf-8") as file:
            for prediction in predictions:
                file.write(json.dumps(prediction) + "\n")
                self.done[prediction["conversation_id"]] = prediction


def _claim(stamp: Path, predictions: Path, about: Mapping[str, Any]) -> None:
    if stamp.exists() and predictions.exists() and predictions.stat().st_size:
        before = json.loads(stamp.read_text(encoding="utf-8"))
        other = [key for key in about if about[key] != before.get(key)]
        if other:
            raise ValueError(
                f"{predictions} was written with another {' and '.join(other)}; take another --out or delete it."
            )
    stamp.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def fingerprint(model: Path | str | None) -> str:
    """A hash of a model folder's weights and configuration; a hub name stands for itself."""
    folder = Path(model) if model is not None else None
    if folder is None or not folder.is_dir():
        return str(model)
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*")):
        if file.suffix in (".safetensors", ".json", ".jinja"):
            with file.open("rb") as opened:
                digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()[:16]


class Progress:
    """Logs how far a run is and when it will be done, at most every few seconds."""

    def __init__(self, what: str, total: int, every_s: float = 20.0):
        self.what, self.total, self.every_s = what, total, every_s
        self.count, self.started, self.told = 0, time.monotonic(), time.monotonic()

    def add(self, n: int = 1) -> None:
        """Count n more as done."""
        self.count += n
        now = time.monotonic()
        if now - self.told >= self.every_s or self.count >= self.total:
            self.told = now
            rate = self.count / max(now - self.started, 1e-6)
            left = (self.total - self.count) / rate
            logger.info("%d of %d %s, %.1f/s, %s left", self.count, self.total, self.what, rate, _clock(left))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min {rest:02d} s"
