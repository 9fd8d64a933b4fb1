"""SCP-ECG: Huffman codes, differences, reference beats, times and leads, and what is refused."""

import binascii
import struct

import numpy as np
import pytest
from damage import damage, refused

from anyecg.leads import STANDARD_LEADS
from anyecg.readers import read_record
from anyecg.readers.scp_huffman import Code, Table, decode, default_table, undo_differences
from anyecg.record import RecordError

NUMBERS = dict(zip(STANDARD_LEADS, (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8), strict=True))
EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
TIME = np.arange(1200)
STEPS = np.stack([np.round((300 + 40 * k) * np.sin(TIME / (9.0 + k)) ** 5 + 7 * k) for k in range(8)]).astype(np.int64)
FEMALE_69 = {4: struct.pack("<HB", 69, 1), 8: b"\2", 25: struct.pack("<HBB", 2021, 5, 1), 26: bytes((9, 30, 0))}
NAMED = {0: b"Doe\0", 1: b"Jane\0", 2: b"HOSP-4711\0", 5: struct.pack("<HBB", 1951, 5, 2)}


def with_default_table(values):
    """Bits of the table that the standard prints, as text."""
    bits = []
    for value in map(int, values):
        if value == 0:
            bits.append("0")
        elif abs(value) <= 8:
            bits.append("1" * abs(value) + "0" + ("1" if value < 0 else "0"))
        elif -128 <= value <= 127:
            bits.append("1111111110" + f"{value & 0xFF:08b}")
        else:
            bits.append("1111111111" + f"{value & 0xFFFF:016b}")
    return to_bytes("".join(bits))


def to_bytes(bits):
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def plain(values):
    return np.asarray(values).astype("<i2").tobytes()


def differences(row, order):
    row = np.asarray(row, np.int64)
    return np.concatenate((row[:order], np.diff(row, order))) if order else row


def section(number, body, crc=True):
    body += b"\0" * (len(body) % 2)
    rest = struct.pack("<HIBB6x", number, len(body) + 16, 20, 20) + body
    return struct.pack("<H", binascii.crc_hqx(rest, 0xFFFF) if crc else 0) + rest


def waves(rows, order=2, nanovolts=2500, interval=2000, bimodal=0, code=with_default_table):
    """Section 5 or 6."""
    coded = [code(differences(row, order)) for row in rows]
    head = struct.pack("<HHBB", nanovolts, interval, order, bimodal)
    return head + struct.pack(f"<{len(coded)}H", *map(len, coded)) + b"".join(coded)


def tags(values):
    return b"".join(struct.pack("<BH", tag, len(value)) + value for tag, value in values.items()) + b"\xff\0\0"


def leads(names, n_samples, first=1, flags=0):
    """Section 3; `first` may hold one sample number per lead."""
    begins = [first] * len(names) if isinstance(first, int) else first
    lines = [
        struct.pack("<IIB", begin, begin + n_samples - 1, NUMBERS.get(name, name))
        for name, begin in zip(names, begins, strict=True)
    ]
    return bytes((len(names), flags | 4 | (min(len(names), 31) << 3))) + b"".join(lines)


def write(path, bodies, crc=True):
    """A file of these section bodies, number → bytes."""
    made = {number: section(number, body, crc) for number, body in sorted(bodies.items())}
    at, pointers = 7 + 16 + 10 * (len(made) + 1), [(0, 16 + 10 * (len(made) + 1), 7)]
    for number, content in made.items():
        pointers.append((number, len(content), at))
        at += len(content)
    head = bytearray(section(0, b"".join(struct.pack("<HII", *p) for p in pointers), crc))
    head[10:16] = b"SCPECG"
    head[:2] = struct.pack("<H", binascii.crc_hqx(bytes(head[2:]), 0xFFFF))
    rest = struct.pack("<I", at - 1) + bytes(head) + b"".join(made.values())
    path.write_bytes(struct.pack("<H", binascii.crc_hqx(rest, 0xFFFF)) + rest)
    return path


def usual(rows=STEPS, names=EIGHT, **options):
    huffman = {2: struct.pack("<H", 19999)} if options.get("code", with_default_table) is with_default_table else {}
    return {1: tags(FEMALE_69), **huffman, 3: leads(names, len(rows[0])), 6: waves(rows, **options)}


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("code", [with_default_table, plain])
def test_every_coding_is_read_to_the_last_bit(tmp_path, order, code):
    record = read_record(write(tmp_path / "a.scp", usual(order=order, code=code)))
    expected = (STEPS * 2500 / 1e6).astype(np.float32)
    for k, name in enumerate(EIGHT):
        np.testing.assert_array_equal(record.lead(name), expected[k])
    assert (record.sampling_rate, record.age, record.sex, record.recorded_at) == (
        500.0, 69.0, "female", "2021-05-01T09:30:00",
    )  # fmt: skip


def test_limb_leads_that_the_file_leaves_out_are_derived(tmp_path):
    path = write(tmp_path / "a.scp", usual())
    record = read_record(path)
    assert record.leads == STANDARD_LEADS and any("III, aVR, aVL, aVF derived" in note for note in record.notes)
    one, two = record.lead("I"), record.lead("II")
    np.testing.assert_allclose(record.lead("III"), two - one, atol=1e-6)
    np.testing.assert_allclose(record.lead("aVR"), -(one + two) / 2, atol=1e-6)
    assert read_record(path, leads=["aVF", "V1"]).leads == ("aVF", "V1")


def test_name_number_and_birthday_stay_in_the_file(tmp_path):
    record = read_record(write(tmp_path / "a.scp", usual() | {1: tags(NAMED | {25: FEMALE_69[25]})}))
    assert (record.age, record.recorded_at) == (69.0, "2021-05-01")
    assert not any(told in repr(record) for told in ("Doe", "Jane", "4711", "1951"))


def test_the_default_table_is_that_of_the_standard():
    values = [0, 1, -1, 2, -2, 5, -8, 8, 9, -9, 127, -128, 128, -129, 32767, -32768, 0, 0]
    np.testing.assert_array_equal(decode(with_default_table(values), len(values), [default_table()], "a"), values)
    assert decode(to_bytes("1101" + "100" + "0"), 3, [default_table()], "a").tolist() == [-2, 1, 0]


def test_tables_of_the_file_and_switches_between_them(tmp_path):
    def table(*lines):
        return struct.pack("<H", len(lines)) + b"".join(struct.pack("<BBBhI", *line) for line in lines)

    # First bit lowest, as stored. Table 1: 0 → 3, 10 → table 2, 11 + 12 bits. Table 2: 0 → -5, 1 → table 1.
    first = table((1, 1, 1, 3, 0b0), (2, 2, 0, 2, 0b01), (2, 14, 1, 0, 0b11))
    second = table((1, 1, 1, -5, 0b0), (1, 1, 0, 1, 0b1))
    bits = "0" + "11" + f"{-700 & 0xFFF:012b}" + "10" + "0" + "0" + "1" + "0" + "11" + f"{700:012b}"
    bodies = usual([[0]], ["II"], order=0) | {2: struct.pack("<H", 2) + first + second, 3: leads(["II"], 6)}
    bodies[6] = waves([[0]], order=0, code=lambda _: to_bytes(bits))
    record = read_record(write(tmp_path / "a.scp", bodies))
    np.testing.assert_allclose(record.lead("II"), np.array([3, -700, -5, -5, 3, 700]) * 0.0025, rtol=1e-6)
    bodies[2] = struct.pack("<H", 1) + first
    assert "switches to Huffman table 2 of 1" in refused(write(tmp_path / "b.scp", bodies))
    long = table((1, 1, 1, 1, 0b0), (12, 12, 1, 77, 0xFFF))
    bodies |= {2: struct.pack("<H", 1) + long, 3: leads(["II"], 2)}
    bodies[6] = waves([[0]], order=0, code=lambda _: to_bytes("1" * 12 + "0"))
    np.testing.assert_allclose(read_record(write(tmp_path / "c.scp", bodies)).signal[0], [0.1925, 0.0025], rtol=1e-6)


def test_differences_wrap_round_in_16_bits():
    row = np.array([32000, -32000, 31000, 5, -5])
    for order in (1, 2):
        wrapped = differences(row, order).astype(np.int16)
        np.testing.assert_array_equal(undo_differences(wrapped.astype(np.int64), order), row)
    np.testing.assert_array_equal(undo_differences(np.array([7, 9]), 2), [7, 9])


def test_subtracted_reference_beats_are_added_back(tmp_path):
    beat = np.round(400 * np.exp(-(((np.arange(200) - 90) / 20.0) ** 2))).astype(np.int64)  # 400 ms, fiducial 91
    rows, residual = STEPS[:2].copy(), STEPS[:2].copy()
    places = [(0, 150, 240, 330), (1, 400, 500, 520), (0, 1100, 1150, 1200), (0, 1, 30, 60)]
    for kind, start, centre, end in places:
        for sample in range(start, end + 1):
            index = sample - centre + 91
            if kind == 0 and 1 <= index <= 200:
                rows[:, sample - 1] += 2 * beat[index - 1]  # the beat's step is twice the rhythm's
    four = struct.pack("<HHH", 400, 91, len(places)) + b"".join(struct.pack("<HIII", *place) for place in places)
    bodies = usual(residual, ["I", "II"]) | {3: leads(["I", "II"], 1200, flags=1), 4: four}
    bodies[5] = waves([beat, beat], nanovolts=5000)
    record = read_record(write(tmp_path / "a.scp", bodies))
    np.testing.assert_array_equal(record.lead("I"), (rows[0] * 2500 / 1e6).astype(np.float32))
    assert any("reference beat" in note for note in record.notes)
    assert "lacks section 4 or 5" in refused(write(tmp_path / "b.scp", {k: v for k, v in bodies.items() if k != 5}))
    many = struct.pack("<HHH", 400, 91, 40) + struct.pack("<HIII", 0, 150, 240, 330) * 40
    assert "overlap each other" in refused(write(tmp_path / "d.scp", bodies | {4: many}))
    bodies[5] = waves([beat, beat], interval=4000)
    assert "differently" in refused(write(tmp_path / "c.scp", bodies))


def test_bimodal_compression_is_refused(tmp_path):
    assert "bimodal" in refused(write(tmp_path / "a.scp", usual(bimodal=1)))


def test_leads_that_were_not_recorded_together_leave_gaps(tmp_path):
    rows = STEPS[:4, :300]
    bodies = usual(rows, ["V1", "V2", "V3", "V3"]) | {3: leads(["V1", "V2", "V3", 90], 300, first=[1, 1, 301, 301])}
    record = read_record(write(tmp_path / "a.scp", bodies))
    assert record.leads == ("V1", "V2", "V3", "unaugmented-VF") and record.signal.shape == (4, 600)
    assert np.isnan(record.signal[:2, 300:]).all() and np.isnan(record.signal[2:, :300]).all()
    np.testing.assert_array_equal(record.signal[2, 300:], (rows[2] * 0.0025).astype(np.float32))


def test_step_and_rate_are_declared_where_the_file_states_none(tmp_path):
    path = write(tmp_path / "a.scp", usual(nanovolts=0, interval=0))
    assert "--sampling-rate" in refused(path)
    assert "--microvolts-per-step" in refused(path, sampling_rate=500)
    record = read_record(path, sampling_rate=500, microvolts_per_step=2.5)
    np.testing.assert_allclose(record.lead("V1"), STEPS[2] * 0.0025, rtol=1e-6)
    path = write(tmp_path / "b.scp", usual(interval=1667))
    assert read_record(path).sampling_rate == pytest.approx(1e6 / 1667)
    assert "declared" in refused(path, units="mV") and "declared" in refused(path, sampling_rate=250)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({3: leads(["I"], 2**31)}, "more than an SCP-ECG file holds"),
        ({3: leads(["I"], 100_000)}, "stores"),
        ({3: leads(["I"], 1300)}, "1300 samples"),
        ({3: leads([], 1)}, "0 leads"),
        ({3: b"\x01"}, "within a section"),
        ({6: waves([[0] * 1200], order=3)}, "order 3"),
        ({6: waves([[0] * 1200], interval=65535)}, "sampling rate"),
        ({2: struct.pack("<H", 0)}, "no table"),
        ({2: struct.pack("<HHBBBhI", 1, 1, 0, 0, 1, 0, 0)}, "not known"),
        ({2: struct.pack("<HH", 1, 60000)}, "Huffman tables"),
        ({2: struct.pack("<H", 60000) + bytes(120_000)}, "60000 Huffman tables"),
    ],
)
def test_sections_that_lie_are_refused(tmp_path, change, words):
    assert words in refused(write(tmp_path / "a.scp", usual(STEPS[:1], ["I"]) | change))


def test_a_section_that_is_listed_twice_or_among_too_many_is_refused(tmp_path):
    path = write(tmp_path / "a.scp", usual(), crc=False)
    content = bytearray(path.read_bytes())
    content[42:52] = content[32:42]  # the second and third pointer
    path.write_bytes(bytes(content))
    assert "section 1 twice" in refused(path)
    head = struct.pack("<HIBB", 0, 16 + 10 * 2000, 20, 20) + b"SCPECG"
    path.write_bytes(struct.pack("<HIH", 0, 6 + 16 + 20_000, 0) + head + bytes(20_000))
    assert "more than 1024 sections" in refused(path)


def test_long_codes_are_found_whatever_their_number():
    table = Table([Code(2**31 + k, 32, 0, k % 1000, False) for k in range(60_000)])
    bits = b"".join((2**31 + k).to_bytes(4, "big") for k in range(59_000, 60_000))
    assert decode(bits, 1000, [table], "a.scp").tolist() == list(range(1000))


def test_damage_is_seen_by_the_checksums(tmp_path):
    path = write(tmp_path / "a.scp", usual())
    content = bytearray(path.read_bytes())
    content[-50] ^= 4
    path.write_bytes(bytes(content))
    assert "wrong checksum in section 6" in refused(path)
    path.write_bytes(bytes(content[:-60]))
    assert "cut short" in refused(path)
    assert "section 6" in refused(write(tmp_path / "b.scp", {k: v for k, v in usual().items() if k != 6}))


def test_damaged_scp_files_are_refused_in_one_sentence(tmp_path):
    path = write(tmp_path / "a.scp", usual(STEPS[:2, :300], ["I", "II"]), crc=False)
    n_read, n_refused = damage(path, 200, header=400)
    assert n_read > 20 and n_refused > 50
    four = struct.pack("<HHH", 400, 91, 1) + struct.pack("<HIII", 0, 10, 100, 200)
    bodies = usual(STEPS[:1, :300], ["I"]) | {3: leads(["I"], 300, flags=1), 4: four, 5: waves([STEPS[0, :200]])}
    damage(write(path, bodies, crc=False), 100, seed=1, header=300)
    table = struct.pack("<HH", 1, 2) + struct.pack("<BBBhIBBBhI", 1, 1, 1, 1, 0, 2, 18, 1, 0, 1)
    damage(write(path, usual(STEPS[:1], ["I"]) | {2: table}, crc=False), 60, seed=2, header=300)


def test_bits_of_no_code_end_in_a_sentence():
    with pytest.raises(RecordError, match="0 of the 5 samples"):
        decode(b"\xff\xff", 5, [Table([])], "a.scp")


def test_real_scp_files_agree_with_their_twins(shared_data):
    folder = shared_data("interchange")
    ours, twin = (read_record(folder / f"ecgtoolkit-cs/Example.{ending}") for ending in ("scp", "dcm"))
    for lead in STANDARD_LEADS:
        np.testing.assert_array_equal(ours.lead(lead), twin.lead(lead))
    assert (ours.age, ours.sex, ours.recorded_at) == (twin.age, twin.sex, twin.recorded_at)
    for path in sorted((folder / "scp-tools" / "original").glob("*.SCP")):
        record = read_record(path)
        assert record.signal.shape == (12, 6000) and 0.5 < np.abs(record.signal).max() < 5
    assert "no section 2 where it says" in refused(folder / "scp-tools" / "anonymized" / "test_log.SCP")
