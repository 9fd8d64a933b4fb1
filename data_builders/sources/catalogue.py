"""Every database that can be built: what it holds, its terms, and where it comes from.

Signals are read with the gains of the files' own headers; units have an entry here only where the files lack them.
"""

# ruff: noqa: E501  (a table reads best with its texts in one piece)

from __future__ import annotations

from dataclasses import dataclass

CC, ODC = "CC BY 4.0", "ODC-BY 1.0"


@dataclass(frozen=True)
class Database:
    """One source."""

    title: str
    licence: str
    module: str
    """The module of this package that reads it."""
    signals: str
    """Leads, rate, length."""
    truth: str
    """What is annotated, and how it becomes findings and events."""
    splits: str
    download: str = ""
    """project/version, and a folder in it, on PhysioNet."""
    home: str = ""
    """Where a database that PhysioNet does not hold openly is asked for."""


CATALOGUE: dict[str, Database] = {
    "simulated": Database(
        "ECGs of anyecg.simulate, not of people", "Apache-2.0", "simulated", "12 leads, 10 s, 500 Hz; or 2 leads, 10-30 s",
        "everything, by construction", "ranges of seeds"),
    "ptb-xl": Database(
        "PTB-XL, Wagner et al. 2020", CC, "ptbxl", "12 leads, 100 and 500 Hz, 10 s",
        "SCP-ECG statements, as they are", "folds 1-8 train, 9 validates, 10 tests", "ptb-xl/1.0.3"),
    "mitdb": Database(
        "MIT-BIH Arrhythmia Database, Moody and Mark 2001", ODC, "mitdb", "2 leads, 360 Hz, 30 min",
        "every beat and rhythm change", "DS1 trains and validates, DS2 tests", "mitdb/1.0.0"),
    "ludb": Database(
        "Lobachevsky University Database, Kalyakulina et al. 2020", ODC, "ludb", "12 leads, 500 Hz, 10 s; gains in the headers are wrong, one step is 1 µV",
        "waves per lead; diagnoses of the header where certain", "by record", "ludb/1.0.1"),
    "svdb": Database(
        "MIT-BIH Supraventricular Arrhythmia Database, Greenwald 1990", ODC, "holter", "2 unnamed leads, 128 Hz, 30 min",
        "every beat", "by record", "svdb/1.0.0"),
    "afdb": Database(
        "MIT-BIH Atrial Fibrillation Database, Moody and Mark 1983", ODC, "holter", "2 unnamed leads, 250 Hz, 10 h, in pieces of 30 min",
        "rhythm changes; beats are unaudited and left out", "by record", "afdb/1.0.0"),
    "ltafdb": Database(
        "Long Term AF Database, Petrutiu et al. 2007", ODC, "holter", "2 unnamed leads, 128 Hz, 24 h, in pieces of 30 min",
        "beats and rhythm changes", "by record", "ltafdb/1.0.0"),
    "incartdb": Database(
        "St Petersburg INCART 12-lead Arrhythmia Database", ODC, "holter", "12 leads, 257 Hz, 30 min",
        "every beat", "by the patient that the header names", "incartdb/1.0.0"),
    "edb": Database(
        "European ST-T Database, Taddei et al. 1992", ODC, "holter", "2 leads, 250 Hz, 2 h, in pieces of 30 min",
        "every beat and rhythm change; ST and T episodes have no event of ours yet", "all train: several records are of the same, unnamed patients", "edb/1.0.0"),
    "stdb": Database(
        "MIT-BIH ST Change Database, Albrecht 1983", ODC, "holter", "1-2 leads, 360 Hz, 13-67 min, in pieces of 30 min",
        "every beat", "all train: patients are not named", "stdb/1.0.0"),
    "cpsc2021": Database(
        "CPSC 2021, Wang et al. 2021", CC, "holter", "I and II, 200 Hz, minutes",
        "onset and end of atrial fibrillation and flutter; beats have places but no kind", "by the patient in the file name", "cpsc2021/1.0.0"),
    "qtdb": Database(
        "QT Database, Laguna et al. 1997", ODC, "qtdb", "2 leads, 250 Hz, 15 min, cut to the marked beats",
        "P, QRS and T of about 30 beats (.q1c)", "that of the database each record was taken from", "qtdb/1.0.0"),
    "cinc2017": Database(
        "PhysioNet/CinC Challenge 2017, Clifford et al. 2017", ODC, "cinc2017", "lead I of a hand-held device, 300 Hz, 9-60 s",
        "N is sinus rhythm, A atrial fibrillation, ~ noise; O says only what it is not", "by record", "challenge-2017/1.0.0"),
    "cpsc2018": Database(
        "CPSC 2018, Liu et al. 2018", "open, terms of the challenge", "cpsc2018", "12 leads, 500 Hz, mV, 6-60 s",
        "nine classes (REFERENCE.csv)", "by record", home="http://2018.icbeb.org/Challenge.html"),
    "georgia": Database(
        "Georgia 12-lead ECG Challenge Database, Emory University", CC, "challenge", "12 leads, 500 Hz, 5-10 s",
        "SNOMED-CT codes (snomed.py)", "by record", "challenge-2021/1.0.3/training/georgia"),
    "chapman-shaoxing": Database(
        "Chapman-Shaoxing and Ningbo, Zheng et al. 2020, 2022", CC, "challenge", "12 leads, 500 Hz, 10 s",
        "SNOMED-CT codes (snomed.py)", "by record", "challenge-2021/1.0.3/training/chapman_shaoxing"),
    "ningbo": Database(
        "Ningbo First Hospital, Zheng et al. 2022", CC, "challenge", "12 leads, 500 Hz, 10 s",
        "SNOMED-CT codes (snomed.py)", "by record", "challenge-2021/1.0.3/training/ningbo"),
    "cpsc2018-challenge": Database(
        "CPSC 2018 in the layout of the PhysioNet Challenges 2020 and 2021", CC, "challenge", "12 leads, 500 Hz, 6-60 s",
        "SNOMED-CT codes, or the nine class names (snomed.py)", "by record", "challenge-2021/1.0.3/training/cpsc_2018"),
    "ptbdb": Database(
        "PTB Diagnostic ECG Database, Bousseljot et al. 1995", ODC, "ptbdb", "12 leads and Frank X, Y, Z, 1000 Hz, 30-120 s",
        "reason for admission and place of infarction in the header", "by patient", "ptbdb/1.0.0"),
    "code-15": Database(
        "CODE-15%, Ribeiro et al. 2021", CC, "code15", "12 leads, 400 Hz, 7-10 s; the release contradicts itself on units, the amplitudes are millivolts",
        "six classes, and normal_ecg", "by patient", home="https://zenodo.org/records/4916206"),
    "mimic-iv-ecg": Database(
        "MIMIC-IV-ECG, Gow et al. 2023", "credentialed access; never redistributed", "mimic", "12 leads, 500 Hz, 10 s",
        "statements in the machine's report (machine_measurements.csv)", "by patient", home="https://physionet.org/content/mimic-iv-ecg/"),
}  # fmt: skip
SOURCES = tuple(CATALOGUE)
