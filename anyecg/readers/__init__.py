"""ECG files in, `EcgRecord` out: one module per format, millivolts and lead names settled, nothing guessed.

record = read_record("100.hea")
record = read_record("holter.csv", sampling_rate=250, units="mV")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..record import EcgRecord, RecordError
from . import csv, dicom, edf, edf_header, ishne, mat, npz, scp, wfdb, xmlfile
from .declared import Declared

SUPPORTED = {
    "WFDB": ".hea with its signal files (every storage format, FLAC and .mat too; any segments)",
    "CSV": ".csv, .tsv: a header row with lead names; sampling rate and units declared",
    "NPZ": ".npz: arrays signal, leads, sampling_rate, units",
    "MATLAB": ".mat of the PhysioNet challenges and of CPSC2018",
    "DICOM": ".dcm: 12-lead, general and ambulatory ECG waveforms, uncompressed; the rhythm, not the median beat",
    "EDF": ".edf, .bdf: EDF, EDF+ (interruptions become gaps) and BDF; ECG channels by their labels",
    "SCP-ECG": ".scp: Huffman coded or plain, reference beats added back; not with bimodal compression",
    "ISHNE": ".ecg: Holter recordings of ISHNE 1.0",
    "HL7 aECG and GE MUSE": ".xml: the rhythm, not the median beat",
}
OWN_ENDINGS = (".hea", ".csv", ".tsv", ".npz", ".mat", ".dcm", ".edf", ".bdf", ".scp", ".xml", ".ecg")
"""Endings of files that are a recording of their own, not a part of one."""
_WFDB_ENDINGS = (".hea", ".dat", ".xyz", ".atr")


def read_record(
    path: str | Path,
    *,
    sampling_rate: float | None = None,
    units: str | None = None,
    leads: Sequence[str] | None = None,
    microvolts_per_step: float | None = None,
) -> EcgRecord:
    """Read one ECG from a file.

    Args:
        path: the file; for WFDB the header, a signal file beside it, or the record name without ending.
        sampling_rate: Hz, for files that do not state it.
        units: "mV", "uV" or "V", for files that do not state them.
        leads: names of the rows for files that name none; else the leads to keep, in this order.
        microvolts_per_step: size of one stored integer step, for files without (or with a wrong) gain.

    Raises:
        RecordError: if the file cannot be read, says too little, or contradicts itself or what is declared.
    """
    declared = Declared(sampling_rate, units, tuple(leads) if leads is not None else None, microvolts_per_step)
    file = _find(Path(path))
    try:
        return _reader_of(file)(file, declared)
    except OSError as error:
        raise RecordError(f"{file.name} cannot be read: {error.strerror or error}.") from None
    except MemoryError:
        raise RecordError(f"{file.name} does not fit into the memory that is free; cut it into parts.") from None


def _reader_of(file: Path) -> Callable[[Path, Declared], EcgRecord]:
    """WFDB and CSV by the ending; others by the bytes with which they begin, by the ending where these say nothing."""
    if file.suffix.lower() == ".hea":
        return wfdb.read
    if file.suffix.lower() in (".csv", ".tsv"):
        return csv.read
    with file.open("rb") as opened:
        start = opened.read(132)
    if not start:
        raise RecordError(f"{file.name} is empty; supported are {_supported()}.")
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    known = (
        (start.startswith(b"PK\x03\x04"), ".npz", npz.read),
        (start[128:] == b"DICM", ".dcm", dicom.read),
        (start[16:22] == b"SCPECG", ".scp", scp.read),
        (start[:8] in edf_header.MAGIC, ".edf .bdf", edf.read),
        (start.startswith(ishne.MAGIC), ".ecg", ishne.read),
        (start.startswith(b"MATLAB 5.0 MAT-file"), ".mat", mat.read),
        (text.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\0<")), ".xml", xmlfile.read),
    )
    by_start = [reader for is_known, _, reader in known if is_known]
    by_ending = [reader for _, endings, reader in known if file.suffix and file.suffix.lower() in endings.split()]
    for reader in (*by_start, *by_ending):
        return reader
    raise RecordError(f"{file.name} is in no format that is known; supported are {_supported()}.")


def companions(path: str | Path) -> list[str]:
    """Names of the files that must lie beside this one: for a WFDB header its signal files and segments.

    Raises:
        RecordError: if the header is damaged or names a file outside its folder.
    """
    file = Path(path)
    return wfdb.companions(file) if file.suffix.lower() == ".hea" else []


def _find(path: Path) -> Path:
    """The file to open: for WFDB the header, for others the path itself."""
    header = path.with_name(path.name + ".hea")
    if path.suffix.lower() != ".hea" and not path.is_file() and header.is_file():
        return header
    if path.is_dir():
        raise RecordError(f"{path.name} is a folder; give one file in it.")
    if not path.exists():
        raise RecordError(f"{path} does not exist; give the path of an ECG file.")
    beside = path.with_suffix(".hea")
    if path.suffix.lower() in _WFDB_ENDINGS and path.suffix.lower() != ".hea":
        if not beside.is_file():
            raise RecordError(f"{path.name} needs its WFDB header; give the .hea file with the signal files beside it.")
        return beside
    if path.suffix.lower() == ".mat" and beside.is_file() and path.name in companions(beside):
        return beside
    return path


def _supported() -> str:
    return "; ".join(f"{name} ({text.split(':')[0].split(' with')[0]})" for name, text in SUPPORTED.items())
