"""HL7 aECG and GE MUSE: the rhythm and nothing else, times, scales and leads, and XML that means harm."""

import base64

import numpy as np
import pytest
from damage import damage, refused

from anyecg.leads import STANDARD_LEADS
from anyecg.readers import read_record

TIME = np.arange(600)
STEPS = np.stack([np.round(200 * np.sin(TIME / (8.0 + k)) + 11 * k) for k in range(12)]).astype(np.int64)
EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
ABSOLUTE = '<code code="TIME_ABSOLUTE"/><value xsi:type="GLIST_TS"><head value="{}"/><increment value="{}" unit="{}"/>'


def sequence(code, steps, origin=0, scale=2.5, unit="uV", kind="SLIST_PQ"):
    return (
        f'<component><sequence><code code="{code}" codeSystem="2.16.840.1.113883.6.24"/><value xsi:type="{kind}">'
        f'<origin value="{origin}" unit="{unit}"/><scale value="{scale}" unit="{unit}"/>'
        f"<digits>{' '.join(map(str, steps))}</digits></value></sequence></component>"
    )


def sequences(parts, head="20210501093000.000", step="0.002", unit="s"):
    time = f"<component><sequence>{ABSOLUTE.format(head, step, unit)}</value></sequence></component>"
    return f"<component><sequenceSet>{time}{''.join(parts)}</sequenceSet></component>"


def series(sets, code="RHYTHM", derived=""):
    return f'<component><series><code code="{code}"/>{"".join(sets)}{derived}</series></component>'


PERSON = (
    "<componentOf><timepointEvent><componentOf><subjectAssignment><subject><trialSubject>"
    '<id root="1.2" extension="HOSP-4711"/><subjectDemographicPerson><name>Doe</name>'
    '<administrativeGenderCode code="F"/><birthTime value="19510502"/></subjectDemographicPerson></trialSubject>'
    "</subject></subjectAssignment></componentOf></timepointEvent></componentOf>"
)


def write_aecg(path, *parts, before="", effective="20210501093000"):
    path.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<AnnotatedECG xmlns="urn:hl7-org:v3" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<effectiveTime><low value="{effective}"/></effectiveTime>{PERSON}{"".join(parts)}</AnnotatedECG>',
        encoding="utf-8",
    )
    return path


def twelve(n=None, **options):
    return [sequence(f"MDC_ECG_LEAD_{k.upper()}", s[:n], **options) for k, s in zip(STANDARD_LEADS, STEPS, strict=True)]


def lead_data(name, steps, units="MICROVOLTS", per_bit="4.88", count=None, size=2):
    text = base64.encodebytes(np.asarray(steps).astype("<i2").tobytes()).decode()
    amplitude = f"<LeadAmplitudeUnitsPerBit>{per_bit}</LeadAmplitudeUnitsPerBit>" if per_bit else ""
    return (
        f"<LeadData><LeadSampleCountTotal>{len(steps) if count is None else count}</LeadSampleCountTotal>{amplitude}"
        f"<LeadAmplitudeUnits>{units}</LeadAmplitudeUnits><LeadID>{name}</LeadID>"
        f"<LeadSampleSize>{size}</LeadSampleSize><WaveFormData>\n{text}</WaveFormData></LeadData>"
    )


def waveform(parts, kind="Rhythm", base="500", exponent="0"):
    return (
        f"<Waveform><WaveformType>{kind}</WaveformType><SampleBase>{base}</SampleBase>"
        f"<SampleExponent>{exponent}</SampleExponent>{''.join(parts)}</Waveform>"
    )


def write_muse(path, *waveforms):
    path.write_text(
        '<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE RestingECG SYSTEM "restecg.dtd"><RestingECG>'
        "<PatientDemographics><PatientID>HOSP-4711</PatientID><PatientAge>69</PatientAge><AgeUnits>YEARS</AgeUnits>"
        "<Gender>FEMALE</Gender><PatientLastName>Doe</PatientLastName></PatientDemographics><TestDemographics>"
        "<AcquisitionTime>09:30:00</AcquisitionTime><AcquisitionDate>05-01-2021</AcquisitionDate></TestDemographics>"
        f"{''.join(waveforms)}</RestingECG>"
    )
    return path


def eight(n=None, **options):
    return [lead_data(name, row[:n], **options) for name, row in zip(EIGHT, STEPS, strict=False)]


# HL7 aECG


def test_twelve_leads_of_an_aecg_are_read_to_the_last_bit(tmp_path):
    record = read_record(write_aecg(tmp_path / "a.xml", series([sequences(twelve())])))
    np.testing.assert_array_equal(record.signal, (STEPS * 0.0025).astype(np.float32))
    assert (record.leads, record.sampling_rate, record.notes) == (STANDARD_LEADS, 500.0, ())
    assert (record.age, record.sex, record.recorded_at) == (69.0, "female", "2021-05-01T09:30:00")
    assert not any(told in repr(record) for told in ("Doe", "4711", "1951"))


def test_long_rows_are_read_in_parts(tmp_path, monkeypatch):
    path = write_aecg(tmp_path / "a.xml", series([sequences(twelve())]))
    monkeypatch.setattr("anyecg.readers.aecg._PART", 7)
    np.testing.assert_array_equal(read_record(path).signal, (STEPS * 0.0025).astype(np.float32))


def test_the_representative_beat_and_further_series_are_left_out_with_a_note(tmp_path):
    beat = "<derivation><derivedSeries><code code='REPRESENTATIVE_BEAT'/>{}</derivedSeries></derivation>"
    derived = beat.format(sequences(twelve(100), step="0.001"))
    path = write_aecg(tmp_path / "a.xml", series([sequences(twelve())], derived=derived))
    record = read_record(path)
    assert record.signal.shape == (12, 600) and record.sampling_rate == 500.0
    assert any("REPRESENTATIVE_BEAT" in note for note in record.notes)
    two = [series([sequences(twelve())]), series([sequences(twelve(50), head="20210501103000")])]
    record = read_record(write_aecg(tmp_path / "b.xml", *two))
    assert record.signal.shape == (12, 600) and any("1 further series" in note for note in record.notes)
    only = write_aecg(tmp_path / "c.xml", series([sequences(twelve())], code="REPRESENTATIVE_BEAT"))
    assert "only the series REPRESENTATIVE_BEAT" in refused(only)


@pytest.mark.parametrize(
    ("options", "factor", "offset"),
    [
        ({"origin": 100, "scale": 5}, 0.005, 0.1),
        ({"origin": -0.5, "scale": 0.00488, "unit": "mV"}, 0.00488, -0.5),
        ({"scale": 1e-6, "unit": "V"}, 0.001, 0.0),
    ],
)
def test_origin_scale_and_unit_give_millivolts(tmp_path, options, factor, offset):
    path = write_aecg(tmp_path / "a.xml", series([sequences([sequence("MDC_ECG_LEAD_II", STEPS[1], **options)])]))
    np.testing.assert_allclose(read_record(path).signal[0], STEPS[1] * factor + offset, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("step", "unit", "rate"), [("4", "ms", 250.0), ("1000", "us", 1000.0), ("0.004", "s", 250.0)])
def test_time_steps_have_units(tmp_path, step, unit, rate):
    path = write_aecg(tmp_path / "a.xml", series([sequences(twelve(), step=step, unit=unit)]))
    assert read_record(path).sampling_rate == pytest.approx(rate)
    for bad in (("0", "s"), ("-1", "s"), ("1", "min"), ("x", "s"), ("1e-9", "s")):
        write_aecg(path, series([sequences(twelve(), step=bad[0], unit=bad[1])]))
        assert any(word in refused(path) for word in ("time step", "sampling rate", "not a number"))


def test_sets_of_leads_taken_after_each_other_share_a_time_line(tmp_path):
    sets = [
        sequences(twelve(300)[:3], head="20210501093000.000"),
        sequences(twelve(300)[6:9], head="20210501093000.600"),
    ]
    record = read_record(write_aecg(tmp_path / "a.xml", series(sets)))
    assert record.leads == ("I", "II", "III", "V1", "V2", "V3") and record.signal.shape == (6, 600)
    np.testing.assert_array_equal(record.signal[3:, 300:], (STEPS[6:9, :300] * 0.0025).astype(np.float32))
    assert np.isnan(record.signal[3:, :300]).all() and np.isnan(record.signal[:3, 300:]).all()
    far = sequences(twelve(300)[6:9], head="22210501093000.600")
    assert "at most" in refused(write_aecg(tmp_path / "b.xml", series([sets[0], far])))


@pytest.mark.parametrize(
    ("code", "lead"),
    [
        ("MDC_ECG_LEAD_aVR", "aVR"), ("MDC_ECG_LEAD_AVRneg", "-aVR"), ("MDC_ECG_LEAD_V4R", "V4R"),
        ("MDC_ECG_LEAD_VR", "unaugmented-VR"), ("MDC_ECG_LEAD_dV1", "derived-V1"), ("MDC_ECG_LEAD_fI", "Frank-I"),
        ("MDC_ECG_LEAD_X", "VX"), ("V2", "V2"), ("MDC_ECG_LEAD_MCL1", "MV1"),
    ],
)  # fmt: skip
def test_lead_codes(tmp_path, code, lead):
    path = write_aecg(tmp_path / "a.xml", series([sequences([sequence(code, STEPS[0])])]))
    assert read_record(path).leads == (lead,)


def test_other_sequences_are_left_out(tmp_path):
    others = [sequence("MORTARA_ECG_LEAD_TEA", STEPS[0]), sequence("MDC_RESP", STEPS[0])]
    others.append(sequence("MDC_ECG_LEAD_V1", STEPS[0], unit="mmHg"))
    record = read_record(write_aecg(tmp_path / "a.xml", series([sequences([*twelve()[:2], *others])])))
    assert record.leads == ("I", "II") and sum("left out" in note for note in record.notes) == 3
    assert "no ECG waveform" in refused(write_aecg(tmp_path / "b.xml", series([sequences(others)])))


def test_what_is_left_out_a_hundred_times_is_told_in_short(tmp_path):
    others = [sequence(f"MDC_RESP_{k}", STEPS[0]) for k in range(100)]
    record = read_record(write_aecg(tmp_path / "a.xml", series([sequences([*twelve(), *others])])))
    assert len(record.notes) == 31 and record.notes[-1] == "and 70 more of the kind"


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([sequence("MDC_ECG_LEAD_I", [1, 2]), sequence("MDC_ECG_LEAD_II", [1])], "one length"),
        ([sequence("MDC_ECG_LEAD_I", [])], "one length"),
        ([sequence("MDC_ECG_LEAD_I", [1, "x", 3])], "something else than numbers"),
        ([sequence("MDC_ECG_LEAD_I", [1, "2x"])], "something else than numbers"),
        ([sequence("MDC_ECG_LEAD_I", [1, "2-3"])], "something else than numbers"),
        ([sequence("MDC_ECG_LEAD_I", [1, 2], scale="many")], "not a number"),
        ([sequence("MDC_ECG_LEAD_I", [1, 2], scale=0)], "not calibrated"),
        ([sequence("MDC_ECG_LEAD_I", [1, "2\xa03"])], "2 or 3 samples"),
        ([sequence("MDC_ECG_LEAD_I", [1, 2], unit="")], "--units"),
        ([sequence("MDC_ECG_LEAD_I", [1, 2], kind="GLIST_PQ")], "SLIST_PQ is read"),
    ],
)
def test_sequences_that_cannot_be_are_refused(tmp_path, parts, words):
    assert words in refused(write_aecg(tmp_path / "a.xml", series([sequences(parts)])))


def test_a_declared_step_takes_the_place_of_a_scale_without_units(tmp_path):
    without = [part.replace(' unit="uV"', "") for part in twelve(origin=7)]
    path = write_aecg(tmp_path / "a.xml", series([sequences(without)]))
    assert "--units" in refused(path)
    np.testing.assert_allclose(read_record(path, microvolts_per_step=5).signal, STEPS * 0.005, rtol=1e-6)
    np.testing.assert_allclose(read_record(path, units="uV").signal, STEPS * 0.0025 + 0.007, rtol=1e-5)
    path = write_muse(tmp_path / "b.xml", waveform(eight(units="")))
    record = read_record(path, microvolts_per_step=5)
    np.testing.assert_allclose(record.lead("I"), STEPS[0] * 0.005, rtol=1e-6)
    path = write_aecg(tmp_path / "c.xml", series([sequences(twelve())]))
    assert "states its units" in refused(path, microvolts_per_step=5)


# GE MUSE


def test_a_muse_export_is_read_to_the_last_bit_and_limb_leads_are_derived(tmp_path):
    record = read_record(write_muse(tmp_path / "a.xml", waveform(eight(100), "Median"), waveform(eight())))
    for name, row in zip(EIGHT, STEPS, strict=False):
        np.testing.assert_array_equal(record.lead(name), (row * 0.00488).astype(np.float32))
    np.testing.assert_allclose(record.lead("III"), record.lead("II") - record.lead("I"), atol=1e-6)
    assert record.leads == STANDARD_LEADS and any("derived" in note for note in record.notes)
    assert any("median" in note for note in record.notes) and record.sampling_rate == 500.0
    assert (record.age, record.sex, record.recorded_at) == (69.0, "female", "2021-05-01T09:30:00")
    assert not any(told in repr(record) for told in ("Doe", "4711"))


def test_units_and_sample_base_of_muse_are_obeyed(tmp_path):
    parts = eight(units="MILLIVOLTS", per_bit="0.005")
    record = read_record(write_muse(tmp_path / "a.xml", waveform(parts, base="25", exponent="1")))
    assert record.sampling_rate == 250.0
    np.testing.assert_allclose(record.lead("V1"), STEPS[2] * 0.005, rtol=1e-6)
    path = write_muse(tmp_path / "b.xml", waveform(eight(per_bit=""), base=""))
    assert "--sampling-rate" in refused(path) and "--microvolts-per-step" in refused(path, sampling_rate=500)
    record = read_record(path, sampling_rate=500, microvolts_per_step=4.88)
    np.testing.assert_allclose(record.lead("V6"), STEPS[7] * 0.00488, rtol=1e-6)


@pytest.mark.parametrize(
    ("waveforms", "words"),
    [
        ([], "0 rhythm waveforms"),
        ([waveform(eight(), "Median")], "0 rhythm waveforms and median"),
        ([waveform(eight()), waveform(eight())], "2 rhythm waveforms"),
        ([waveform([])], "0 leads"),
        ([waveform(eight(count=601))], "states 601 samples"),
        ([waveform(eight(size=4))], "4 bytes"),
        ([waveform([*eight(), lead_data("V7", STEPS[8, :10])])], "leads of 10 to 600"),
        ([waveform([*eight()[:7], lead_data("", STEPS[0])])], "not all with a name"),
        ([waveform([eight()[0].replace("<WaveFormData>", "<WaveFormData>*")])], "holds 0"),
        ([waveform(eight(), base="0")], "sampling rate"),
        ([waveform(eight(), exponent="99")], "exponent"),
    ],
)
def test_muse_exports_that_cannot_be_are_refused(tmp_path, waveforms, words):
    assert words in refused(write_muse(tmp_path / "a.xml", *waveforms))


# XML


def test_entities_are_never_expanded(tmp_path):
    bomb = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    path = write_aecg(tmp_path / "a.xml", series([sequences([sequence("MDC_ECG_LEAD_I", ["&b;"])])]), before=bomb)
    assert "entities" in refused(path)
    outside = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
    write_aecg(path, series([sequences([sequence("MDC_ECG_LEAD_I", ["&b;"])])]), before=outside)
    assert "entities" in refused(path)


def test_xml_of_other_kinds_and_sizes_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.xml"
    for text, words in (
        ("<restingecgdata xmlns='http://www3.medical.philips.com'/>", "Philips Sierra"),
        ("<html><body>hello</body></html>", "'html'"),
        ("<AnnotatedECG>", "line 1"),
        ("", "is empty"),
        ("<?xml version='1.0' encoding='nonsense'?><a/>", "not well-formed"),
        ("<AnnotatedECG/>", "no ECG waveform"),
    ):
        path.write_text(text)
        assert words in refused(path)
    path.write_text("<AnnotatedECG>" + "<a>" * 50_000 + "</a>" * 50_000 + "</AnnotatedECG>")
    assert "no ECG waveform" in refused(path)
    monkeypatch.setattr("anyecg.readers.xmlfile.MAX_TAGS", 1000)
    attributes = tmp_path / "attributes.xml"
    attributes.write_text("<a " + " ".join(f'a{k}=""' for k in range(2001)) + "/>")
    assert "or 2,000 attributes" in refused(attributes)
    assert "more than 1,000 XML elements" in refused(path)
    monkeypatch.setattr("anyecg.readers.xmlfile.MAX_BYTES", 1000)
    assert "bytes" in refused(path)


def test_an_ecg_in_xml_is_known_without_its_ending(tmp_path):
    path = write_aecg(tmp_path / "a.ecg", series([sequences(twelve())]))
    path.write_bytes(b"\xef\xbb\xbf\n" + path.read_bytes().replace(b'<?xml version="1.0" encoding="UTF-8"?>', b""))
    assert read_record(path).leads == STANDARD_LEADS
    text = write_aecg(path, series([sequences(twelve())])).read_text().replace("UTF-8", "UTF-16")
    path.write_bytes(text.encode("utf-16"))
    assert read_record(path).leads == STANDARD_LEADS


def test_damaged_xml_is_refused_in_one_sentence(tmp_path):
    one = write_aecg(tmp_path / "a.xml", series([sequences(twelve()[:4])]))
    other = write_muse(tmp_path / "b.xml", waveform(eight()[:4]))
    for path in (one, other):
        assert damage(path, 50)[1] > 20
        n_read, n_refused = damage(path, 80, seed=1, letters=b'0123456789.-+eE aSN"')
        assert n_read > 2 and n_refused > 10


def test_real_aecg_files_agree_with_their_twins(shared_data):
    folder = shared_data("interchange")
    ours, twin = (read_record(folder / f"ecgtoolkit-cs/Example.{ending}") for ending in ("xml", "scp"))
    for lead in STANDARD_LEADS:
        np.testing.assert_array_equal(ours.lead(lead), twin.lead(lead))
    assert (ours.age, ours.sex, ours.recorded_at) == (twin.age, twin.sex, twin.recorded_at)
    record = read_record(folder / "fda-aecg" / "examples" / "minimum_aecg.xml")
    np.testing.assert_allclose(record.lead("II")[:6] * 1000, [-5, -5, -5, -5, -7.5, -10], rtol=1e-6)
    assert "no ECG waveform" in refused(folder / "fda-aecg" / "examples" / "empty.xml")
    assert "Philips Sierra" in refused(folder / "philips-sierra" / "1_03" / "129DYPRG.XML")
