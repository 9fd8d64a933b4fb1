"""A visitor's uploaded files: brought together again in one private folder, read, and deleted.

The browser sends every file on its own, so a header (.hea) and its signal files meet here by name; what is
still incomplete or unreadable stays until its companion, or a declared rate or unit, arrives in a later turn.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from anyecg.readers import OWN_ENDINGS, companions, read_record
from anyecg.record import EcgRecord, RecordError

MAX_FILE_MB = 100
MAX_FILES = 200
"""A multi-segment record has a header and a signal file per segment."""
LEAST_S = 1.0
"""Shorter recordings are refused when they come: each later question would fail on them."""
NEEDS_HEADER = (".dat", ".xyz")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".webp", ".pdf", ".svg")
_ARCHIVES = (".zip", ".rar", ".7z", ".gz", ".tar", ".tgz")
_DECLARABLE = "declare"
"""A reader's sentence has this word where a declared rate, unit or lead name would help."""


class _Waits(RecordError):
    """A file that is kept until the files arrive that belong to it."""


class Uploads:
    """The files of one visitor that have not become a record yet."""

    def __init__(self, parent: Path | None = None, max_file_mb: int = MAX_FILE_MB) -> None:
        """Make an empty folder that only this user of the computer can open.

        Args:
            parent: where; the computer's temporary folder if None.
            max_file_mb: the largest file in MB; three times as much may wait.
        """
        self.max_file_mb = max_file_mb
        self.folder = Path(tempfile.mkdtemp(prefix="visitor-", dir=parent))
        self._told: dict[str, str] = {}
        self._declared: dict[str, Any] = {}

    @property
    def waiting(self) -> list[str]:
        """Names of the files that are kept until they can be read."""
        return sorted(path.name for path in self.folder.iterdir())

    def add(self, paths: Iterable[str | Path]) -> list[str]:
        """Move files into the folder.

        Returns:
            One sentence for each file that was not taken.
        """
        problems: list[str] = []
        taken: set[str] = set()
        for path in map(Path, paths):
            name = safe_name(path.name)
            problem = self._refusal(path, name, taken)
            if problem:
                problems.append(problem)
                path.unlink(missing_ok=True)
                continue
            # Copied and deleted: a file in the page's own cache can be fetched by all who know its address.
            shutil.copyfile(path, self.folder / name)
            path.unlink(missing_ok=True)
            taken.add(name)
            self._told.pop(name, None)
        return problems

    def read(self, declared: Mapping[str, Any] | None = None) -> tuple[list[EcgRecord], list[str]]:
        """Read every record that is complete and delete its files; a file that nothing can mend goes as well.

        Args:
            declared: keyword arguments of `read_record` (sampling_rate in Hz, units), used for a file only when
                it cannot be read without them.

        Returns:
            The new records, and one sentence for each file that could not be read (told once).
        """
        if dict(declared or {}) != self._declared:
            self._told = {name: said for name, said in self._told.items() if _DECLARABLE not in said}
        self._declared = dict(declared or {})
        records, problems = [], []
        for path in self._candidates():
            try:
                needed = self._complete(path)
                records.append(_read(path, self._declared))
            except RecordError as error:
                if self._told.get(path.name) != str(error):
                    problems.append(str(error))
                self._told[path.name] = str(error)
                if not (isinstance(error, _Waits) or _DECLARABLE in str(error)):
                    self._drop(path.name)
                continue
            self._drop(path.name, *needed, *self._beside(path))
        return records, problems

    def _drop(self, *names: str) -> None:
        for name in names:
            (self.folder / name).unlink(missing_ok=True)
            self._told.pop(name, None)

    def clear(self) -> None:
        """Delete every file that is kept."""
        for path in self.folder.iterdir():
            path.unlink()
        self._told.clear()

    def close(self) -> None:
        """Delete the folder with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _refusal(self, path: Path, name: str, taken: set[str]) -> str | None:
        """Why a file cannot be taken, or None."""
        if not path.is_file():
            return f"{name} did not arrive; please upload it again."
        size = path.stat().st_size
        if not size:
            return f"{name} is empty; export it again."
        if path.suffix.lower() in _PICTURES:
            return (
                f"{name} is a picture or a printout; anyecg reads the digital recording itself. Export that from the "
                "ECG device or its archive."
            )
        if path.suffix.lower() in _ARCHIVES:
            return f"{name} is an archive; unpack it and upload the files in it."
        if size > self.max_file_mb * 1e6:
            return f"{name} has {size / 1e6:.0f} MB; at most {self.max_file_mb} MB are accepted: cut the recording."
        kept = [other for other in self.folder.iterdir() if other.name != name]
        if len(kept) >= MAX_FILES or size + sum(other.stat().st_size for other in kept) > 3e6 * self.max_file_mb:
            return (
                f"{name} was not taken: {len(kept)} files wait already, at most {MAX_FILES} files and "
                f"{3 * self.max_file_mb} MB may; upload what they lack, or press New patient to drop them."
            )
        if name in taken:
            return f"{name} came twice in one go; send files of the same name one after the other."
        return None

    def _candidates(self) -> list[Path]:
        """The files to read as records: all but those that belong to a recording among them."""
        paths = sorted(self.folder.iterdir())
        owned: set[str] = set()
        for path in paths:
            owned |= self._beside(path)
            with contextlib.suppress(RecordError):  # the same sentence comes when the header itself is read
                owned |= {safe_name(name) for name in companions(path)}
        return [path for path in paths if path.name not in owned]

    def _beside(self, path: Path) -> set[str]:
        """Files of a recording's name that hold none of their own, such as annotations."""
        if path.suffix not in OWN_ENDINGS:
            return set()
        others = OWN_ENDINGS if path.suffix == ".hea" else (*OWN_ENDINGS, *NEEDS_HEADER)
        same = [other for other in self.folder.iterdir() if other.stem == path.stem and other != path]
        return {other.name for other in same if other.suffix not in others}

    def _complete(self, path: Path) -> list[str]:
        """The companions of a file, all present. Raises RecordError with the names of the missing ones."""
        if path.suffix in NEEDS_HEADER:
            raise _Waits(
                f"{path.name} needs its header {path.stem}.hea; upload that too, {path.name} is kept till then."
            )
        needed = companions(path) if path.suffix == ".hea" else []
        missing = [name for name in needed if not (self.folder / safe_name(name)).is_file()]
        if missing:
            names = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
            raise _Waits(f"{path.name} needs {names}; upload that too, {path.name} is kept till then.")
        return [safe_name(name) for name in needed]


def _read(path: Path, declared: Mapping[str, Any]) -> EcgRecord:
    """Read a file as it is, and with what was declared only if that fails or leaves something open."""
    try:
        record = read_record(path)
    except RecordError:
        if not declared:
            raise
        record = read_record(path, **declared)
    else:
        if declared and any(_DECLARABLE in note for note in record.notes):
            with contextlib.suppress(RecordError):  # what was declared is for another file
                record = read_record(path, **declared)
    if record.duration_s < LEAST_S:
        raise RecordError(f"{path.name} lasts {record.duration_s:.2g} s; at least {LEAST_S:g} s are needed.")
    return record


def safe_name(name: str) -> str:
    """A file name without folders, odd characters or a leading dot; its ending in lower case, as in WFDB."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    clean = "".join(c if c.isalnum() or c in " ._-+()~" else "_" for c in last).strip(" .")
    stem, dot, suffix = clean.rpartition(".")
    return f"{stem[:100]}{dot}{suffix.lower()[:20]}" if dot else clean[:100] or "file"
