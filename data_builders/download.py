"""Fetches an open database from PhysioNet: checked against its SHA-256 list, and taken up again where it stopped."""

from __future__ import annotations

import hashlib
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .sources.catalogue import CATALOGUE

PHYSIONET = "https://physionet.org/files"
SUMS = "SHA256SUMS.txt"
_BLOCK = 1 << 20
_TRIES = 4
_TIMEOUT_S = 60


class DownloadError(ValueError):
    """What cannot be fetched; the message says why and the way out."""


@dataclass
class Fetched:
    """What a download did, in files."""

    fetched: int = 0
    there_already: int = 0


def download(
    source: str, out: Path, *, base: str = PHYSIONET, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> Fetched:
    """Fetch every file of a database that is not there yet.

    Args:
        source: a name of the catalogue.
        out: the folder that will hold the database in its official layout.
        base: where the projects lie, for a mirror.
        on_progress: called with (files done, files in all).

    Raises:
        DownloadError: if the database is not openly there, the server fails, or a file is not what its checksum says.
    """
    database = CATALOGUE[source]
    if not database.download:
        way = f"; see {database.home}" if database.home else ""
        raise DownloadError(f"{source} ({database.title}) cannot be fetched from PhysioNet without an account{way}.")
    project, version, *folder = PurePosixPath(database.download).parts
    root = f"{base}/{project}/{version}"
    sums = _listed(_read(f"{root}/{SUMS}"), "/".join(folder))
    if not sums:
        raise DownloadError(f"{root}/{SUMS} lists no file of {source}.")
    done = Fetched()
    for count, (name, checksum) in enumerate(sums.items()):
        on_progress(count, len(sums))
        target = out / name
        if target.exists() and _sha256(target) == checksum:
            done.there_already += 1
            continue
        _fetch(f"{root}/{urllib.parse.quote('/'.join([*folder, name]))}", target, checksum)
        done.fetched += 1
    on_progress(len(sums), len(sums))
    return done


def _listed(text: bytes, folder: str) -> dict[str, str]:
    """Path below the folder → checksum; a path that would lead out of the target is refused."""
    files = {}
    for line in text.decode("utf-8").splitlines():
        checksum, _, name = line.strip().partition(" ")
        path = PurePosixPath(name.strip().lstrip("*"))
        if len(checksum) != 64 or path.is_absolute() or ".." in path.parts:
            raise DownloadError(f"the list of checksums has a line that is none: {line[:100]!r}.")
        if not folder or path.is_relative_to(folder):
            files[str(path.relative_to(folder) if folder else path)] = checksum.lower()
    return files


def _fetch(url: str, target: Path, checksum: str) -> None:
    """Bring one file, going on with what an earlier attempt left."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    for attempt in range(_TRIES):
        try:
            _append(url, part)
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            if attempt == _TRIES - 1 or _is_final(error):
                raise DownloadError(f"{url} cannot be fetched: {_reason(error)}; run the command again.") from None
            time.sleep(2**attempt)
            continue
        if _sha256(part) == checksum:
            os.replace(part, target)
            return
        part.unlink()  # damaged on the way: begin anew
    raise DownloadError(f"{url} does not have the checksum of the database's list, after {_TRIES} attempts.")


def _append(url: str, part: Path) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if have and error.code == 416:  # it was whole already
            return
        raise
    with answer, part.open("ab" if answer.status == 206 else "wb") as file:
        while block := answer.read(_BLOCK):
            file.write(block)


def _read(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:
            return answer.read()
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise DownloadError(f"{url} cannot be fetched: {_reason(error)}.") from None


def _is_final(error: Exception) -> bool:
    return isinstance(error, urllib.error.HTTPError) and error.code in (401, 403, 404)


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", "") or error) or type(error).__name__


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
