"""SNOMED-CT codes, and the class names of CPSC 2018, as statements of ours.

The codes are those of the PhysioNet/CinC Challenges 2020 and 2021. Only equal meanings are mapped: an unspecific code
("bradycardia", "bundle branch block") says less than any statement and stays unmapped, and an unmapped code is listed
in the record's note, never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from anyecg.findings import CODES, SUBCLASSES, SUPERCLASSES, subclasses_of, superclasses_of

TO_STATEMENT = {
    # rhythm
    "426783006": "SR", "427084000": "STACH", "426177001": "SBRAD", "427393009": "SARRH", "164889003": "AFIB",
    "164890007": "AFLT", "426761007": "SVTAC", "67198005": "PSVT", "10370003": "PACE", "251266004": "PACE",
    "251268003": "PACE", "11157007": "BIGU", "251180001": "TRIGU",
    # extra beats
    "284470004": "PAC", "63593006": "PAC", "251173003": "PAC", "427172004": "PVC", "17338001": "PVC",
    "164884008": "PVC",
    # conduction
    "270492004": "1AVB", "195042002": "2AVB", "54016002": "2AVB", "426183003": "2AVB", "27885002": "3AVB",
    "713427006": "CRBBB", "59118001": "CRBBB", "713426002": "IRBBB", "733534002": "CLBBB", "164909002": "CLBBB",
    "251120003": "ILBBB", "445118002": "LAFB", "445211001": "LPFB", "698252002": "IVCD", "74390002": "WPW",
    "195060002": "WPW", "164947007": "LPR",
    # hypertrophy and voltage
    "164873001": "LVH", "89792004": "RVH", "67741000119109": "LAO/LAE", "446813000": "LAO/LAE",
    "446358003": "RAO/RAE", "251146004": "LVOLT", "55827005": "VCLVH",
    # repolarisation
    "429622005": "STD_", "164931005": "STE_", "428750005": "NST_", "55930002": "NST_", "164934002": "TAB_",
    "59931005": "INVT", "111975006": "LNGQT", "164917005": "QWAVE", "425419005": "ISCIN", "426434006": "ISCAN",
    "425623009": "ISCLA",
    # infarction
    "54329005": "AMI",
}  # fmt: skip
TO_CLASS = {
    "164865005": "super:MI", "164867002": "super:MI", "57054005": "super:MI", "233917008": "sub:AVB",
    "266249003": "super:HYP",
}  # fmt: skip
"""Codes that name a class without saying which statement."""
CPSC2018 = {
    "Normal": "NORM", "AF": "AFIB", "I-AVB": "1AVB", "LBBB": "CLBBB", "RBBB": "CRBBB", "PAC": "PAC", "PVC": "PVC",
    "STD": "STD_", "STE": "STE_",
}  # fmt: skip
_RHYTHM = {"SR", "STACH", "SBRAD", "SARRH", "AFIB", "AFLT", "SVTAC", "PSVT", "PACE"}


def labels_of_codes(codes: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...], list[str]]:
    """Findings with classes, the label groups that are known to be complete, and the codes without an equal statement.

    Only the rhythm is taken to be complete, and only when a rhythm is named: hospitals differ in what else they list.
    """
    statements = {TO_STATEMENT.get(code) or CPSC2018.get(code) for code in codes} - {None}
    classes = {TO_CLASS[code] for code in codes if code in TO_CLASS}
    unmapped = [code for code in codes if code not in TO_STATEMENT and code not in TO_CLASS and code not in CPSC2018]
    known = ("rhythm",) if statements & _RHYTHM else ()
    return with_classes([str(s) for s in statements], classes), known, unmapped


def with_classes(statements: Iterable[str], classes: Iterable[str] = ()) -> tuple[str, ...]:
    """Statements in their order, then the classes that they fold into and those named apart."""
    codes = [code for code in CODES if code in set(statements)]
    given = set(classes)
    given |= {f"super:{name}" for name in superclasses_of(codes)} | {f"sub:{name}" for name in subclasses_of(codes)}
    order = [*(f"super:{name}" for name in SUPERCLASSES), *(f"sub:{name}" for name in SUBCLASSES)]
    return (*codes, *(name for name in order if name in given))
