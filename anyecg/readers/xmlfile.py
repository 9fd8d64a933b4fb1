"""XML from strangers: sizes before parsing, no entities, and the reader that the root element asks for."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from ..record import EcgRecord, RecordError
from . import aecg, muse
from .common import plain_text
from .declared import Declared

MAX_BYTES = 50 * 10**6
MAX_TAGS = 250_000
"""Elements, and twice as many attributes: either takes some hundred bytes of memory, and a few bytes in the file."""


def read(path: Path, declared: Declared) -> EcgRecord:
    """Read an HL7 aECG or a GE MUSE file.

    Raises:
        RecordError: if it is no XML, or XML of another kind.
    """
    root = _root(path)
    kind = aecg.local(root.tag)
    if kind == "AnnotatedECG":
        return aecg.read(root, path, declared)
    if kind == "RestingECG":
        return muse.read(root, path, declared)
    known = " (Philips Sierra, which is not read)" if kind == "restingecgdata" else ""
    raise RecordError(
        f"{path.name} is XML of the kind {plain_text(kind)!r}{known}; HL7 aECG (AnnotatedECG) and "
        "GE MUSE (RestingECG) are read: export it as one of these or as DICOM."
    )


def _root(path: Path) -> Element:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    size = path.stat().st_size
    if size > MAX_BYTES:
        raise RecordError(f"{path.name} has {size:,} bytes; store so long a record in another format.")
    content = path.read_bytes()
    if max(content.count(b"<"), content.count(b"=")) > 2 * MAX_TAGS:
        raise RecordError(
            f"{path.name} holds more than {MAX_TAGS:,} XML elements or {2 * MAX_TAGS:,} attributes, which no ECG needs."
        )
    try:
        root = fromstring(content)
    except DefusedXmlException:
        raise RecordError(f"{path.name} defines XML entities, which are never expanded; export it again.") from None
    except (ParseError, ValueError, LookupError) as error:
        where = f" (line {error.position[0]})" if isinstance(error, ParseError) else ""
        raise RecordError(f"{path.name} is not well-formed XML{where}; it is damaged: export it again.") from None
    return root
