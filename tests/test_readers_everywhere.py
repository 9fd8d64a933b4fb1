"""Every format through the command and through the uploads of the page; all give the same ECG."""

import json

import edfio
import numpy as np
import pytest
import test_readers_dicom as in_dicom
import test_readers_scp as in_scp
import test_readers_xml as in_xml

from anyecg.cli import main
from anyecg.leads import STANDARD_LEADS
from anyecg.readers import OWN_ENDINGS, SUPPORTED, read_record
from anyecg.simulate import simulate
from app.uploads import Uploads

STEP_UV = 2.5
EIGHT = [STANDARD_LEADS.index(name) for name in in_scp.EIGHT]


@pytest.fixture(scope="module")
def steps():
    """Ten seconds of an ECG at 500 Hz, in steps of 2.5 µV, shape (12, 5000)."""
    record = next(s.record for s in simulate(40, seed=5) if set(STANDARD_LEADS) <= set(s.record.leads))
    assert record.sampling_rate == 500
    rows = np.stack([record.lead(name) for name in STANDARD_LEADS])[:, :5000]
    steps = np.round(np.nan_to_num(rows) * 1000 / STEP_UV).astype(np.int64)
    one, two = steps[0], steps[1]  # limb leads as exact as the formats that store two of them give them
    steps[2:6] = two - one, -np.round((one + two) / 2), np.round(one - two / 2), np.round(two - one / 2)
    return steps


def write_dicom(path, steps):
    channels = [in_dicom.channel(lead, sensitivity=str(STEP_UV)) for lead in STANDARD_LEADS]
    return in_dicom.write(path, [in_dicom.group(steps, channels)])


def write_scp(path, steps):
    return in_scp.write(path, in_scp.usual(steps[EIGHT]))


def write_aecg(path, steps):
    leads = [in_xml.sequence(f"MDC_ECG_LEAD_{k.upper()}", row) for k, row in zip(STANDARD_LEADS, steps, strict=True)]
    return in_xml.write_aecg(path, in_xml.series([in_xml.sequences(leads)]))


def write_muse(path, steps):
    rows = zip(in_scp.EIGHT, steps[EIGHT], strict=True)
    return in_xml.write_muse(path, in_xml.waveform([in_xml.lead_data(k, row, per_bit=STEP_UV) for k, row in rows]))


def write_edf(path, steps, cls=(edfio.Edf, edfio.EdfSignal, 32767)):
    made, signal, top = cls
    span = (-(top + 1) * STEP_UV, top * STEP_UV)
    made(
        [
            signal(row * STEP_UV, 500, label=f"ECG {name}", physical_dimension="uV", physical_range=span)
            for name, row in zip(STANDARD_LEADS, steps, strict=True)
        ]
    ).write(path)
    return path


WRITERS = {
    "a.dcm": write_dicom, "a.scp": write_scp, "a.xml": write_aecg, "muse.xml": write_muse, "a.edf": write_edf,
}  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
def test_the_command_measures_every_format(tmp_path, capsys, steps, name):
    np.savez(tmp_path / "twin.npz", signal=steps * STEP_UV, leads=STANDARD_LEADS, sampling_rate=500, units="uV")
    path = WRITERS[name](tmp_path / name, steps)
    assert main(["measure", "--json", str(path), str(tmp_path / "twin.npz")]) == 0
    ours, twin = map(json.loads, capsys.readouterr().out.splitlines())
    assert ours["heart_rate_bpm"] is not None and len(ours["beats"]) > 3
    for key in ("heart_rate_bpm", "qrs_ms", "pr_ms", "qt_ms"):
        assert ours[key] == pytest.approx(twin[key], abs=2.0), key
    assert [beat["time_s"] for beat in ours["beats"]] == pytest.approx([b["time_s"] for b in twin["beats"]], abs=0.01)


def test_every_format_comes_through_the_uploads_of_the_page(tmp_path, steps):
    paths = [write(tmp_path / name, steps) for name, write in WRITERS.items()]
    damaged = tmp_path / "cut.dcm"
    damaged.write_bytes(paths[0].read_bytes()[:5000])
    uploads = Uploads(tmp_path)
    try:
        assert uploads.add([*paths, damaged]) == []
        records, problems = uploads.read()
    finally:
        uploads.close()
    assert len(records) == len(WRITERS) and len(problems) == 1 and "cut.dcm" in problems[0]
    for record in records:
        assert record.sampling_rate == 500 and set(record.leads) == set(STANDARD_LEADS)
        for lead, row in zip(STANDARD_LEADS, steps, strict=True):
            np.testing.assert_allclose(record.lead(lead), row * STEP_UV / 1000, atol=STEP_UV / 1000)


def test_a_recording_beside_a_wfdb_header_of_its_name_is_not_taken_for_a_part_of_it(tmp_path, steps):
    import wfdb

    wfdb.wrsamp("a", 500, ["mV"], ["II"], p_signal=steps[1:2].T / 400, fmt=["16"], write_dir=str(tmp_path))
    edf = write_edf(tmp_path / "a.edf", steps)
    uploads = Uploads(tmp_path)
    try:
        uploads.add([tmp_path / "a.hea", tmp_path / "a.dat", edf])
        records, problems = uploads.read()
    finally:
        uploads.close()
    assert sorted(len(record.leads) for record in records) == [1, 12] and problems == []


def test_a_format_is_known_by_its_content(tmp_path, steps):
    for name, write in WRITERS.items():
        path = write(tmp_path / name, steps)
        for other in ("EXAMPLE", "example.bin", "example.ecg"):
            path.rename(tmp_path / other)
            assert set(read_record(tmp_path / other).leads) == set(STANDARD_LEADS), (name, other)
            (tmp_path / other).rename(path)


def test_every_ending_is_told():
    told = " ".join(SUPPORTED.values())
    assert all(ending in told for ending in OWN_ENDINGS)
