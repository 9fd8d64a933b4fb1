"""MATLAB files of versions 4 to 7.2, as much of them as ECGs need: numbers, text, and structs of these.

Ours, because `scipy.io.loadmat` ends the whole process (segmentation fault) on some damaged files, and uploads come
from strangers. Format: "MAT-File Format", MathWorks; every size is held against the bytes there are.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Iterator
from itertools import islice
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..record import MAX_SAMPLES
from .common import most_unpacked

MAX_BYTES = 2**31
"""Of a file, and of what is unpacked from one variable of it."""
MOST_PARTS = 1000
"""Of a variable: flags, shape, name, and its numbers or the fields of a struct."""

_MATRIX, _COMPRESSED = 14, 15
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8", 16: "u1"}
_TYPES |= {17: "u2", 18: "u4"}  # UTF-16 and UTF-32 text
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
_STRUCT, _CHAR = 2, 4
_VERSION_4 = {0: "f8", 10: "f4", 20: "i4", 30: "i2", 40: "u2", 50: "u1"}


class MatFileError(ValueError):
    """The file is damaged or uses something that is not read."""


def read_variables(path: Path, wanted: Collection[str]) -> dict[str, Any]:
    """The variables of a file.

    Returns:
        For every wanted variable an array, a text, or a dict of these for a struct; None for every other.

    Raises:
        MatFileError: if the file is damaged, too large or of another version.
    """
    if path.stat().st_size > MAX_BYTES:
        raise MatFileError(f"{path.stat().st_size:,} bytes are more than any record has")
    data = memoryview(path.read_bytes())
    try:
        if bytes(data[124:128]) in (b"\x00\x01IM", b"\x01\x00MI"):
            order = "<" if bytes(data[126:128]) == b"IM" else ">"
            return dict(_variable(*element, order, wanted) for element in _elements(data[128:], order))
        return dict(_version_4(data, wanted))
    except (struct.error, zlib.error, OverflowError) as error:
        raise MatFileError(f"damaged ({error})") from None


def _elements(data: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Type and content of every data element."""
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from(order + "II", data, at)
        if kind >> 16:  # a small element: size and up to 4 bytes share the tag
            kind, size, begin, after = kind & 0xFFFF, kind >> 16, at + 4, at + 8
        else:
            begin = at + 8
            after = begin + size + (0 if kind == _COMPRESSED else -size % 8)
        if begin + size > len(data) or (begin == at + 4 and size > 4):
            raise MatFileError("cut short: an element is longer than the file")
        yield kind, data[begin : begin + size]
        at = after


def _variable(kind: int, content: memoryview, order: str, wanted: Collection[str]) -> tuple[str, Any]:
    if kind == _COMPRESSED:
        unpacker = zlib.decompressobj()
        content = memoryview(unpacker.decompress(content, min(most_unpacked(len(content)), MAX_BYTES)))
        if not unpacker.eof:
            raise MatFileError("a compressed variable is cut short or unpacks to more than any record has")
        kind, content = next(_elements(content, order), (0, content))
    if kind != _MATRIX:
        raise MatFileError(f"an element of type {kind} where a variable was expected")
    return _matrix(content, order, wanted)


def _matrix(content: memoryview, order: str, wanted: Collection[str] | None) -> tuple[str, Any]:
    """Name and value of a variable; `wanted` None reads any, which is for the fields of a struct."""
    parts = list(islice(_elements(content, order), MOST_PARTS))
    if len(parts) < 3:
        return "", np.empty((0, 0))
    (_, flags), (_, sizes), (_, letters), *rest = parts
    name = bytes(letters).decode("latin-1")
    if wanted is not None and name not in wanted:
        return name, None
    array_class = struct.unpack_from(order + "I", flags)[0] & 0xFF
    shape = tuple(np.frombuffer(sizes, dtype=order + "i4").tolist()) if len(sizes) % 4 == 0 else ()
    if len(shape) != 2 or min(shape) < 0 or prod(shape) > MAX_SAMPLES:
        raise MatFileError(
            f"{name or 'a field'} has the shape {shape}; two dimensions of at most {MAX_SAMPLES:,} numbers are read"
        )
    if array_class == _STRUCT and wanted is not None:  # a struct in a struct is not read
        return name, _fields(rest, shape, order)
    values = _numbers(*rest[0], order) if rest else np.empty(0)
    if array_class == _CHAR:
        return name, "".join(chr(code) for code in values[:10_000].tolist() if 0 < code < 0x110000)
    if array_class not in _CLASSES or values.size != prod(shape):
        raise MatFileError(f"{name or 'a field'} is of class {array_class} with {values.size} of {prod(shape)} numbers")
    return name, values.astype(_CLASSES[array_class]).reshape(shape, order="F")


def _fields(parts: list[tuple[int, memoryview]], shape: tuple[int, ...], order: str) -> dict[str, Any]:
    if shape != (1, 1) or len(parts) < 2:
        raise MatFileError(f"a struct of shape {shape}; one struct is read")
    (_, length), (_, letters), *values = parts
    width = struct.unpack_from(order + "i", length)[0]
    if width < 1 or len(letters) % width:
        raise MatFileError("the field names of a struct are damaged")
    text = bytes(letters)
    names = [text[k : k + width].split(b"\0")[0].decode("latin-1") for k in range(0, len(text), width)]
    if len(names) != len(values) or any(kind != _MATRIX for kind, _ in values):
        raise MatFileError(f"a struct has {len(names)} field names but {len(values)} values")
    return {name: _matrix(content, order, None)[1] for name, (_, content) in zip(names, values, strict=True)}


def _numbers(kind: int, content: memoryview, order: str) -> np.ndarray:
    if kind not in _TYPES:
        raise MatFileError(f"numbers of the unknown type {kind}")
    dtype = np.dtype(order + _TYPES[kind])
    if len(content) % dtype.itemsize:
        raise MatFileError("a variable ends within a number")
    return np.frombuffer(content, dtype=dtype)


def _version_4(data: memoryview, wanted: Collection[str]) -> Iterator[tuple[str, Any]]:
    at = 0
    while at < len(data):
        order = "<" if 0 <= struct.unpack_from("<i", data, at)[0] < 1000 else ">"
        kind, rows, columns, imaginary, name_length = struct.unpack_from(order + "5i", data, at)
        kind -= 1000 if order == ">" else 0
        if kind not in _VERSION_4 or min(rows, columns) < 0 or imaginary or not 1 <= name_length <= 256:
            raise MatFileError("not the begin of a variable; it is no MATLAB file of version 4 to 7.2")
        dtype = np.dtype(order + _VERSION_4[kind])
        begin = at + 20 + name_length
        at = begin + rows * columns * dtype.itemsize
        if at > len(data):
            raise MatFileError(f"cut short: {rows} × {columns} numbers are declared")
        name = bytes(data[begin - name_length : begin]).split(b"\0")[0].decode("latin-1")
        values = np.frombuffer(data[begin:at], dtype=dtype).reshape((rows, columns), order="F")
        yield name, values if name in wanted else None
