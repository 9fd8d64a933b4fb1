"""DICOM waveforms: the recording among the groups, its scale and leads, gaps, and what is refused."""

import numpy as np
import pytest
from damage import damage, refused
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from anyecg.leads import STANDARD_LEADS
from anyecg.readers import read_record

TWELVE_LEAD = "1.2.840.10008.5.1.4.1.1.9.1.1"
NUMBERS = dict(zip(STANDARD_LEADS, (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8), strict=True))
TIME = np.arange(1000)
STEPS = np.stack([np.round(900 * np.sin(TIME / (11.0 + k)) + 40 * k) for k in range(12)]).astype(np.int64)


def coded(value, scheme, meaning):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def channel(lead="I", scheme="SCPECG", sensitivity="1.25", units="uV", correction="1", baseline="0", meaning=None):
    value = {"SCPECG": f"5.6.3-9-{NUMBERS.get(lead)}", "MDC": f"2:{NUMBERS.get(lead)}"}.get(scheme, "123456")
    item = Dataset()
    item.ChannelSourceSequence = [coded(value, scheme, f"Lead {lead}" if meaning is None else meaning)]
    if sensitivity is not None:
        item.ChannelSensitivity, item.ChannelSensitivityCorrectionFactor = sensitivity, correction
        item.ChannelBaseline = baseline
    if units is not None:
        item.ChannelSensitivityUnitsSequence = [coded(units, "UCUM", "unit")]
    return item


def group(steps, channels, label="RHYTHM", originality="ORIGINAL", rate="500", kind="SS", padding=None, offset=None):
    dtype = np.dtype({"SS": "<i2", "US": "<u2", "SB": "i1", "UB": "u1", "SL": "<i4", "MB": "u1", "AB": "u1"}[kind])
    item = Dataset()
    item.WaveformOriginality, item.MultiplexGroupLabel, item.SamplingFrequency = originality, label, rate
    item.NumberOfWaveformChannels, item.NumberOfWaveformSamples = len(steps), len(steps[0])
    item.ChannelDefinitionSequence = channels
    item.WaveformBitsAllocated, item.WaveformSampleInterpretation = 8 * dtype.itemsize, kind
    if padding is not None:
        item.WaveformPaddingValue = np.array(padding, dtype).tobytes().ljust(2, b"\0")
    if offset is not None:
        item.MultiplexGroupTimeOffset = offset
    data = np.asarray(steps).T.astype(dtype).tobytes()
    item.WaveformData = data + b"\0" * (len(data) % 2)
    for keyword in ("WaveformPaddingValue", "WaveformData"):
        if keyword in item:
            item[keyword].VR = "OB" if dtype.itemsize == 1 else "OW"
    return item


def write(path, groups, syntax=ExplicitVRLittleEndian, kind=TWELVE_LEAD, **patient):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = UID(kind)
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "1.2.3"
    data.PatientName, data.PatientID = "Doe^Jane", "HOSP-4711"
    for keyword, value in patient.items():
        setattr(data, keyword, value)
    if groups is not None:
        data.WaveformSequence = groups
    data.save_as(path, enforce_file_format=True)
    return path


def twelve(**options):
    return group(STEPS, [channel(lead) for lead in STANDARD_LEADS], **options)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_twelve_leads_are_read_to_the_last_bit(tmp_path, syntax):
    about = {"PatientAge": "069Y", "PatientSex": "F", "AcquisitionDateTime": "20210501093000.000"}
    record = read_record(write(tmp_path / "a.dcm", [twelve()], syntax, **about))
    np.testing.assert_array_equal(record.signal, (STEPS * 0.00125).astype(np.float32))
    assert (record.leads, record.sampling_rate, record.notes) == (STANDARD_LEADS, 500.0, ())
    assert (record.age, record.sex, record.recorded_at) == (69.0, "female", "2021-05-01T09:30:00")
    assert not any(told in repr(record) for told in ("Doe", "4711"))


def test_the_rhythm_is_read_and_the_median_beat_is_left_out_with_a_note(tmp_path):
    beat = group(STEPS[:, :300] // 2, [channel(lead) for lead in STANDARD_LEADS], "MEDIAN BEAT", "DERIVED", "250")
    for groups in ([twelve(), beat], [beat, twelve()]):
        record = read_record(write(tmp_path / "a.dcm", groups))
        assert record.sampling_rate == 500.0 and record.signal.shape == (12, 1000)
        assert any("RHYTHM (12 leads, 2 s at 500 Hz)" in n and "MEDIAN BEAT" in n for n in record.notes)
    assert "MEDIAN BEAT" in refused(write(tmp_path / "b.dcm", [beat]))


def test_groups_of_leads_taken_after_each_other_share_a_time_line(tmp_path):
    groups = [
        group(STEPS[:3, :500], [channel(lead) for lead in ("I", "II", "III")], "LIMB", offset="0"),
        group(STEPS[6:9, :500], [channel(lead) for lead in ("V1", "V2", "V3")], "CHEST", offset="1000"),
    ]
    record = read_record(write(tmp_path / "a.dcm", groups))
    assert record.leads == ("I", "II", "III", "V1", "V2", "V3") and record.signal.shape == (6, 1000)
    expected = (STEPS * 0.00125).astype(np.float32)
    np.testing.assert_array_equal(record.signal[:3, :500], expected[:3, :500])
    np.testing.assert_array_equal(record.signal[3:, 500:], expected[6:9, :500])
    assert np.isnan(record.signal[:3, 500:]).all() and np.isnan(record.signal[3:, :500]).all()
    assert any("one time line" in note for note in record.notes)


def test_parts_of_an_ambulatory_recording_follow_each_other_with_their_gap(tmp_path):
    parts = [
        group(STEPS[:2, first : first + 300], [channel("V1"), channel("V5")], "PART", offset=str(offset))
        for first, offset in ((0, 0), (300, 1000))
    ]
    record = read_record(write(tmp_path / "a.dcm", parts, kind="1.2.840.10008.5.1.4.1.1.9.1.3"))
    assert record.leads == ("V1", "V5") and record.signal.shape == (2, 800)
    expected = (STEPS[:2] * 0.00125).astype(np.float32)
    np.testing.assert_array_equal(record.signal[:, :300], expected[:, :300])
    np.testing.assert_array_equal(record.signal[:, 500:], expected[:, 300:600])
    assert np.isnan(record.signal[:, 300:500]).all()
    parts[1].MultiplexGroupTimeOffset = "200000000"
    assert "too far apart" in refused(write(tmp_path / "a.dcm", parts, kind="1.2.840.10008.5.1.4.1.1.9.1.3"))


def test_a_rhythm_strip_beside_all_leads_is_not_mixed_in(tmp_path):
    strip = group(STEPS[1:2, :900], [channel("II")], "STRIP")
    record = read_record(write(tmp_path / "a.dcm", [strip, twelve()]))
    np.testing.assert_array_equal(record.lead("II"), (STEPS[1] * 0.00125).astype(np.float32))
    assert any("left out: STRIP (1 lead, 1.8 s at 500 Hz)" in note for note in record.notes)
    slow = group(STEPS[:1], [channel("V1", meaning="")], "SLOW", rate="125")
    assert any("SLOW" in n for n in read_record(write(tmp_path / "b.dcm", [twelve(), slow])).notes)


@pytest.mark.parametrize(
    ("options", "factor", "offset"),
    [
        ({"sensitivity": "2.5", "correction": "0.5", "baseline": "100"}, 0.00125, 0.1),
        ({"sensitivity": "0.005", "units": "mV", "baseline": "-1"}, 0.005, -1.0),
        ({"scheme": "MDC"}, 0.00125, 0.0),
    ],
)
def test_sensitivity_correction_and_baseline_give_millivolts(tmp_path, options, factor, offset):
    record = read_record(write(tmp_path / "a.dcm", [group(STEPS[:1], [channel("I", **options)])]))
    np.testing.assert_allclose(record.signal[0], STEPS[0] * factor + offset, atol=1e-6)
    assert record.leads == ("I",)


@pytest.mark.parametrize(("kind", "low"), [("SS", -900), ("US", 0), ("SB", -100), ("UB", 0), ("SL", -90000)])
def test_sample_interpretations(tmp_path, kind, low):
    steps = np.round(np.linspace(low, 127 if kind[1] == "B" else 30000, 501))[None].astype(np.int64)
    storage = "1.2.840.10008.5.1.4.1.1.9.1.3"
    record = read_record(write(tmp_path / "a.dcm", [group(steps, [channel("II")], kind=kind)], kind=storage))
    np.testing.assert_array_equal(record.signal[0], (steps[0] * 0.00125).astype(np.float32))


def test_voice_codes_are_no_ecg_samples(tmp_path):
    for kind in ("MB", "AB"):
        assert "voice codes" in refused(write(tmp_path / "a.dcm", [group(STEPS[:1] % 256, [channel()], kind=kind)]))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_the_padding_value_is_a_gap(tmp_path, syntax):
    steps = STEPS[:2].copy()
    steps[1, 300:400] = -32768
    record = read_record(write(tmp_path / "a.dcm", [group(steps, [channel(), channel("II")], padding=-32768)], syntax))
    assert np.isnan(record.signal[1, 300:400]).all() and np.isnan(record.signal).sum() == 100


def test_a_padding_value_that_is_also_a_voltage_pads_only_in_long_runs(tmp_path):
    steps = STEPS[:2].copy()
    steps[1, 300:500] = 0
    assert (steps == 0).sum() > 200
    record = read_record(write(tmp_path / "a.dcm", [group(steps, [channel(), channel("II")], padding=0)]))
    expected = (steps * 0.00125).astype(np.float32)
    expected[1, 300:500] = np.nan
    np.testing.assert_array_equal(record.signal, expected)


@pytest.mark.parametrize(
    ("meaning", "lead"),
    [
        ("Lead I (Einthoven)", "I"), ("aVR, augmented voltage, right", "aVR"), ("Lead V3R", "V3R"), ("lead v6", "V6"),
        ("-aVR", "-aVR"), ("Chest strap", "Chest strap"),
    ],
)  # fmt: skip
def test_leads_of_other_schemes_are_known_by_their_meaning(tmp_path, meaning, lead):
    path = write(tmp_path / "a.dcm", [group(STEPS[:1], [channel("x", scheme="SCT", meaning=meaning)])])
    assert read_record(path).leads == (lead,)


def test_leads_that_are_not_standard_do_not_pass_for_them(tmp_path):
    other = [channel("I", meaning=""), channel("I", meaning=""), channel("I", meaning="")]
    for item, value in zip(other, ("5.6.3-9-24", "5.6.3-9-65", "5.6.3-9-33"), strict=True):
        item.ChannelSourceSequence[0].CodeValue = value
    record = read_record(write(tmp_path / "a.dcm", [group(STEPS[:3], other)]))
    assert record.leads == ("Frank-I", "-aVR", "derived-V1")
    path = write(tmp_path / "b.dcm", [group(STEPS[:1], [channel("I", meaning="Lead V1")])])
    assert "codes a channel as lead I and calls it V1" in refused(path)


def test_other_channels_are_left_out_and_missing_scales_declared(tmp_path):
    both = [channel(), channel("x", scheme="MDC", units="mm[Hg]", meaning="Arterial pressure")]
    record = read_record(write(tmp_path / "a.dcm", [group(STEPS[:2], both)]))
    assert record.leads == ("I",) and any("Arterial pressure" in note for note in record.notes)
    assert "waveform" in refused(write(tmp_path / "a.dcm", [group(STEPS[:1], both[1:])]))
    path = write(tmp_path / "b.dcm", [group(STEPS[:1], [channel(sensitivity=None, units=None)])])
    assert "--microvolts-per-step" in refused(path)
    np.testing.assert_allclose(read_record(path, microvolts_per_step=5).signal[0], STEPS[0] * 0.005, rtol=1e-6)
    assert "--units" in refused(write(tmp_path / "c.dcm", [group(STEPS[:1], [channel(units=None)])]))


def test_what_is_no_plain_waveform_is_refused_in_one_sentence(tmp_path):
    assert "another kind (CT Image" in refused(write(tmp_path / "a.dcm", None, kind="1.2.840.10008.5.1.4.1.1.2"))
    assert "no waveform" in refused(write(tmp_path / "b.dcm", None))
    assert "Deflated" in refused(write(tmp_path / "c.dcm", [twelve()], DeflatedExplicitVRLittleEndian))
    (tmp_path / "d.dcm").write_bytes(b"no DICOM at all" * 50)
    assert "not a readable DICOM file" in refused(tmp_path / "d.dcm")


@pytest.mark.parametrize(
    ("keyword", "value", "words"),
    [
        ("NumberOfWaveformSamples", 2**32 - 1, "at most"),
        ("NumberOfWaveformSamples", 1001, "does not agree"),
        ("NumberOfWaveformChannels", 11, "does not agree"),
        ("SamplingFrequency", "0", "sampling rate"),
        ("SamplingFrequency", "1e30", "sampling rate"),
        ("MultiplexGroupTimeOffset", "1e30", "damaged"),
        ("WaveformBitsAllocated", 8, "contradicts itself"),
    ],
)
def test_groups_that_lie_are_refused_before_anything_is_allocated(tmp_path, keyword, value, words):
    item = twelve()
    setattr(item, keyword, value)
    assert words in refused(write(tmp_path / "a.dcm", [item]))


def test_what_pydicom_finds_odd_is_not_told(tmp_path, caplog, recwarn):
    path = write(tmp_path / "a.dcm", [group(STEPS[:1], [channel()], "RHYTHM OF THE LEAD OF DOE")])
    caplog.clear(), recwarn.clear()
    assert read_record(path).leads == ("I",)
    assert not caplog.records and not recwarn.list


def test_damaged_dicom_files_are_refused_in_one_sentence(tmp_path):
    beat = group(STEPS[:, :30], [channel(lead) for lead in STANDARD_LEADS], "MEDIAN BEAT", "DERIVED")
    path = write(tmp_path / "a.dcm", [group(STEPS[:2, :100], [channel(), channel("II")], padding=-32768), beat])
    n_read, n_refused = damage(path, 150)
    assert n_read > 20 and n_refused > 20
    n_read, n_refused = damage(write(path, [group(STEPS[:1, :40], [channel()])], ImplicitVRLittleEndian), 150, seed=1)
    assert n_read > 20 and n_refused > 20


def test_real_dicom_ecgs(shared_data):
    import pydicom

    for name, rate in (("pydicom/waveform_ecg.dcm", 1000), ("ecgtoolkit-cs/Example.dcm", 500)):
        path = shared_data("interchange") / name
        record, theirs = read_record(path), pydicom.dcmread(path).waveform_array(0).T / 1000.0
        assert (record.leads, record.sampling_rate, record.duration_s) == (STANDARD_LEADS, rate, 10.0)
        known = np.isfinite(record.signal)
        assert known.all() and any("MEDIAN BEAT" in note for note in record.notes)
        np.testing.assert_allclose(record.signal[known], theirs[known], atol=1e-6)
