"""Huffman codes and differences of SCP-ECG (EN 1064, section 2 and annex C): bits in, 16-bit samples out."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from ..record import RecordError

DEFAULT_TABLE = 19999
"""Stands in place of the number of tables where a file uses the one that the standard prints."""
MOST_TABLES = 256
_WINDOW = 64
_FAST = 10
"""Codes up to this length are looked up at once: all of the default table."""


@dataclass(frozen=True)
class Code:
    """One line of a Huffman table."""

    prefix: int
    """First bit in the highest place."""
    n_prefix: int
    n_extra: int
    """Bits behind the prefix that hold the value, as a two's complement."""
    value: int
    switches: bool
    """The value is the number of the table to go on with, not a sample."""


class Table:
    """Finds the code at the begin of a window of bits."""

    def __init__(self, codes: list[Code]) -> None:
        self._fast: list[Code | None] = [None] * (1 << _FAST)
        self._slow: dict[int, dict[int, Code]] = {}
        for code in codes:
            if code.n_prefix <= _FAST:
                free = _FAST - code.n_prefix
                first = code.prefix << free
                self._fast[first : first + (1 << free)] = [code] * (1 << free)
            else:
                self._slow.setdefault(code.n_prefix, {}).setdefault(code.prefix, code)

    def find(self, window: int) -> Code | None:
        """The code with which 64 bits begin."""
        found = self._fast[window >> (_WINDOW - _FAST)]
        if found is None:
            longer = (of.get(window >> (_WINDOW - n_prefix)) for n_prefix, of in self._slow.items())
            found = next((code for code in longer if code is not None), None)
        return found


def default_table() -> Table:
    """The table of the standard: 0; then ±1 to ±8 by one to eight ones, a zero and a sign; then 8 and 16 plain bits."""
    codes = [Code(0, 1, 0, 0, False)]
    for size in range(1, 9):
        ones = ((1 << size) - 1) << 2
        codes += [Code(ones, size + 2, 0, size, False), Code(ones | 1, size + 2, 0, -size, False)]
    codes += [Code(0b1111111110, 10, 8, 0, False), Code(0b1111111111, 10, 16, 0, False)]
    return Table(codes)


def read_tables(body: bytes, name: str) -> list[Table]:
    """The tables of section 2.

    Raises:
        RecordError: if they end too soon or hold codes that cannot be.
    """
    try:
        n_tables = struct.unpack_from("<H", body)[0]
        if n_tables == DEFAULT_TABLE:
            return [default_table()]
        if n_tables > MOST_TABLES:
            raise RecordError(f"{name} states {n_tables} Huffman tables, more than {MOST_TABLES}; it is damaged.")
        tables, at = [], 2
        for _ in range(n_tables):
            n_codes = struct.unpack_from("<H", body, at)[0]
            lines = [struct.unpack_from("<BBBhI", body, at + 2 + 9 * k) for k in range(n_codes)]
            tables.append(Table([_code(line, name) for line in lines]))
            at += 2 + 9 * n_codes
    except struct.error:
        raise RecordError(f"{name} ends within its Huffman tables; it is damaged.") from None
    if not tables:
        raise RecordError(f"{name} says that it is Huffman coded but has no table; it is damaged.")
    return tables


def _code(line: tuple[int, ...], name: str) -> Code:
    n_prefix, n_total, mode, value, stored = line
    n_extra = n_total - n_prefix
    if not (1 <= n_prefix <= 32 and 0 <= n_extra <= 16 and mode in (0, 1)) or (n_extra and value):
        raise RecordError(f"{name} has a Huffman code of {n_prefix} + {n_extra} bits that is not known; it is damaged.")
    prefix = int(f"{stored & ((1 << n_prefix) - 1):0{n_prefix}b}"[::-1], 2)  # stored with the first bit lowest
    return Code(prefix, n_prefix, n_extra, value, mode == 0)


def decode(data: bytes, n_samples: int, tables: list[Table], name: str) -> np.ndarray:
    """Decode one lead.

    Args:
        data: its bits, the first in the highest place of the first byte.

    Returns:
        The coded numbers, shape (n_samples,).

    Raises:
        RecordError: if the bits end too soon, or are in no table.
    """
    padded, at, table, mask = data + bytes(8), 0, tables[0], (1 << _WINDOW) - 1
    values: list[int] = []
    while len(values) < n_samples:
        window = (int.from_bytes(padded[at >> 3 : (at >> 3) + 8], "big") << (at & 7)) & mask
        code = table.find(window)
        if code is None or at + code.n_prefix + code.n_extra > 8 * len(data):
            raise RecordError(
                f"{name} has {len(values)} of the {n_samples} samples it states in its Huffman code; it is damaged."
            )
        at += code.n_prefix + code.n_extra
        if code.switches:
            if not 1 <= code.value <= len(tables):
                raise RecordError(f"{name} switches to Huffman table {code.value} of {len(tables)}; it is damaged.")
            table = tables[code.value - 1]
        elif code.n_extra:
            bits = (window >> (_WINDOW - code.n_prefix - code.n_extra)) & ((1 << code.n_extra) - 1)
            values.append(bits - ((bits >> (code.n_extra - 1)) << code.n_extra))
        else:
            values.append(code.value)
    return np.array(values, np.int64)


def undo_differences(values: np.ndarray, order: int) -> np.ndarray:
    """Samples of 16 bits from their first or second differences; the first one or two samples stand as they are."""
    if order == 1:
        values = np.cumsum(values)
    elif order == 2 and len(values) > 2:
        slopes = np.cumsum(np.concatenate(([values[1] - values[0]], values[2:])))
        values = np.concatenate((values[:1], values[0] + np.cumsum(slopes)))
    return values.astype(np.int16)  # an encoder in 16 bits wraps round, and so comes back
