"""What every command of `anyecg` takes: the records, how to read them, which part of them, and how to print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from .record import EcgRecord

Records = Annotated[
    list[str], typer.Argument(metavar="RECORD", help="ECG files: .hea, .dcm, .scp, .xml, .edf, .ecg, .csv, .npz, .mat.")
]
Checkpoint = Annotated[str | None, typer.Option(metavar="PATH", help="Another model than the embedded one.")]
Question = Annotated[str, typer.Option("--question", "-q", help="What to ask.")]


class Refusal(Exception):
    """Wrong usage, told in one sentence; nothing is done."""


@dataclass(frozen=True)
class Options:
    """The options that all commands share."""

    start: Annotated[float | None, typer.Option(metavar="S", help="Begin of the excerpt in seconds.")] = None
    end: Annotated[float | None, typer.Option(metavar="S", help="End of the excerpt in seconds.")] = None
    sampling_rate: Annotated[
        float | None, typer.Option(metavar="HZ", help="For files that do not state their sampling rate.")
    ] = None
    units: Annotated[str | None, typer.Option(metavar="mV|uV|V", help="For files that do not state their units.")] = (
        None
    )
    leads: Annotated[
        str | None, typer.Option(metavar="I,II,…", help="Names for files without names; else the leads to use.")
    ] = None
    microvolts_per_step: Annotated[
        float | None, typer.Option(metavar="UV", help="Step size for files without a (credible) gain.")
    ] = None
    json: Annotated[bool, typer.Option("--json", help="One JSON object per record and line.")] = False

    def check(self) -> None:
        """Refuse what is wrong for every record alike, before one is read."""
        from .readers import Declared

        Declared(self.sampling_rate, self.units, self._leads(), self.microvolts_per_step)
        if (self.start or 0.0) < 0 or (self.end is not None and not self.end > (self.start or 0.0)):
            end = "end" if self.end is None else f"{self.end:g}"
            raise Refusal(f"the excerpt {self.start or 0:g}-{end} s is empty; choose 0 <= --start < --end.")

    def read(self, path: str) -> EcgRecord:
        """The wanted part of a file."""
        from .readers import read_record

        record = read_record(
            path,
            sampling_rate=self.sampling_rate,
            units=self.units,
            leads=self._leads(),
            microvolts_per_step=self.microvolts_per_step,
        )
        return record if self.start is None and self.end is None else record.excerpt(self.start or 0.0, self.end)

    def excerpt(self) -> dict[str, Any]:
        """What the output says of the excerpt: times in it count from its begin."""
        if self.start is None and self.end is None:
            return {}
        return {"excerpt": {"start_s": self.start or 0.0, "end_s": self.end}}

    def _leads(self) -> tuple[str, ...] | None:
        return None if self.leads is None else tuple(name.strip() for name in self.leads.split(","))
