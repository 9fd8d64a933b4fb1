"""The strip has the right scale, puts leads, gaps and intervals where they belong, and marks what it cuts."""

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageFont

from anyecg.draw import _font, colours_of, draw_strip, legend
from anyecg.leads import STANDARD_LEADS
from anyecg.record import EcgRecord, RecordError
from anyecg.strip_layout import PX_PER_MM, lay_out, sheet_start

INK = (16, 20, 24)


def make_record(leads=STANDARD_LEADS, duration_s=10.0, sampling_rate=100.0, level_mv=0.0):
    signal = np.full((len(leads), round(duration_s * sampling_rate)), level_mv, dtype=np.float32)
    return EcgRecord(signal, tuple(leads), sampling_rate, name="flat")


def dark(image):
    """Where the ink is, (height, width)."""
    return np.asarray(image.convert("L")) < 70


def changed(one, other):
    """The bounding box in pixels of what differs, or None."""
    return ImageChops.difference(one, other).getbbox()


def test_one_millivolt_is_ten_millimetres_and_one_second_twenty_five():
    record = make_record(("I",))
    record.signal[0, 400:600] = 1.0  # the median stays at zero
    sheet = lay_out(record)
    row = sheet.rows[0]
    ink = dark(draw_strip(record))
    at_five_s, at_two_s = round(row.pieces[0].x(5.0)), round(row.pieces[0].x(2.0))
    assert at_five_s - at_two_s == 3 * 25 * PX_PER_MM
    assert ink[row.baseline_px - 10 * PX_PER_MM - 1 : row.baseline_px - 10 * PX_PER_MM + 2, at_five_s].any()
    assert ink[row.baseline_px - 1 : row.baseline_px + 2, at_two_s].any()
    assert not ink[row.baseline_px - 3 : row.baseline_px + 3, at_five_s].any()


def test_the_calibration_pulse_is_one_millivolt_for_a_fifth_of_a_second():
    row = lay_out(make_record(("I",))).rows[0]
    ink = dark(draw_strip(make_record(("I",))))
    top = row.baseline_px - 10 * PX_PER_MM
    plateau = np.flatnonzero(ink[top, : 14 * PX_PER_MM])
    assert abs(np.ptp(plateau) - 5 * PX_PER_MM) <= 2


def test_twelve_leads_of_ten_seconds_are_printed_three_by_four_with_lead_two_below():
    rows = [[piece.lead for piece in row.pieces] for row in lay_out(make_record(STANDARD_LEADS[::-1])).rows]
    assert rows == [
        ["I", "aVR", "V1", "V4"], ["II", "aVL", "V2", "V5"], ["III", "aVF", "V3", "V6"], ["II"]
    ]  # fmt: skip


def test_an_interval_of_single_leads_is_drawn_on_whole_rows_so_that_it_can_be_seen():
    late = {"start_s": 8.0, "end_s": 9.0, "kind": "ST elevation", "leads": ["II", "AVF"]}
    record = make_record()
    assert len(lay_out(record, intervals=[late]).rows) == 12
    assert len(lay_out(record, intervals=[late | {"leads": []}]).rows) == 4


def test_shading_covers_the_interval_in_its_leads_only():
    record = make_record(("I", "II", "V1"))
    interval = {"start_s": 4.0, "end_s": 5.0, "kind": "noise", "leads": ["II"]}
    plain, shaded = draw_strip(record), draw_strip(record, intervals=[interval])
    row = lay_out(record).rows[1]
    body = (0, row.top_mm * PX_PER_MM, plain.width, plain.height)
    left, top, right, bottom = changed(plain.crop(body), shaded.crop(body))
    assert abs(left - row.pieces[0].x(4.0)) <= 1 and abs(right - row.pieces[0].x(5.0)) <= 1
    assert (top, bottom) == (0, (row.above_mm + row.below_mm) * PX_PER_MM)


def test_a_gap_is_not_drawn():
    record = make_record(("I",))
    record.signal[0, 300:500] = np.nan
    row = lay_out(record).rows[0]
    ink = dark(draw_strip(record))[row.top_mm * PX_PER_MM : row.baseline_px + 30]
    x = row.pieces[0].x
    assert not ink[:, round(x(3.05)) : round(x(4.95))].any()
    assert ink[:, round(x(2.5))].any() and ink[:, round(x(5.5))].any()


def test_a_lead_without_any_sample_does_not_hinder_the_others():
    record = make_record(("I", "II"))
    record.signal[1] = np.nan
    assert len(lay_out(record).rows) == 2
    assert changed(draw_strip(record), draw_strip(make_record(("I", "II")))) is not None


def test_the_gain_never_changes_and_a_cut_is_marked_in_red():
    record = make_record(("I",))
    record.signal[0, 500:503] = 3.0
    grown = lay_out(record)
    assert grown.rows[0].above_mm == 35
    assert not is_red(draw_strip(record))
    record.signal[0, 500:503] = 30.0
    assert lay_out(record).rows[0].above_mm == 40
    assert is_red(draw_strip(record))


def is_red(image):
    pixels = np.asarray(image).astype(int)
    return bool(((pixels[..., 0] > 150) & (pixels[..., 1] < 60) & (pixels[..., 2] < 80)).any())


@pytest.mark.parametrize(("n_leads", "n_rows"), [(1, 6), (2, 12), (12, 24), (30, 30)])
def test_a_long_record_gives_a_sheet_of_bounded_size(n_leads, n_rows):
    record = make_record([f"lead {k}" for k in range(n_leads)], duration_s=3600, sampling_rate=10)
    sheet = lay_out(record)
    assert len(sheet.rows) == n_rows
    assert sheet.end_s == 10 * n_rows / n_leads


def test_a_stretch_of_a_long_record_can_be_chosen():
    record = make_record(("II", "V1"), duration_s=600)
    sheet = lay_out(record, start_s=300, end_s=330)
    assert (sheet.start_s, sheet.end_s, len(sheet.rows)) == (300, 330, 6)
    with pytest.raises(RecordError, match="lasts 600 s"):
        draw_strip(record, start_s=700)


def test_the_sheet_of_a_long_record_begins_where_the_first_interval_is():
    record = make_record(("II",), duration_s=600)
    late = {"start_s": 400.5, "end_s": 401.0, "kind": "noise", "leads": []}
    assert sheet_start(record, []) == 0
    assert sheet_start(record, [late]) == 398
    assert sheet_start(record, [late, late | {"start_s": 30.0}]) == 0


def test_a_kind_of_place_has_the_same_colour_whatever_is_marked_beside_it():
    pvc, rare = "premature ventricular contraction", "bigeminy"
    alone, among = colours_of([pvc]), colours_of(["noise", rare, "atrial fibrillation", pvc])
    assert alone[pvc] == among[pvc]
    assert len(set(among.values())) == 4


def test_the_legend_counts_what_is_on_this_sheet():
    box = (0, 0, 1, 1)
    assert legend([("PVC", [box]), ("PVC", []), ("noise", []), ("AF", [box]), ("AF", [box, box])]) == {
        "PVC": "PVC", "AF": "AF (2)"
    }  # fmt: skip


def test_a_beat_within_an_episode_keeps_its_colour():
    record = make_record(("II",))
    beat = {"start_s": 4.0, "end_s": 4.4, "kind": "premature ventricular contraction", "leads": []}
    episode = {"start_s": 2.0, "end_s": 8.0, "kind": "noise", "leads": []}
    one, other = draw_strip(record, intervals=[beat, episode]), draw_strip(record, intervals=[episode, beat])
    row = lay_out(record).rows[0]
    at = (round(row.pieces[0].x(4.21)), row.baseline_px - 33)
    assert one.getpixel(at) == other.getpixel(at)


def test_a_chosen_place_stands_between_two_lines():
    record = make_record(("II",))
    place = {"start_s": 4.0, "end_s": 4.4, "kind": "noise", "leads": []}
    left, _, right, _ = changed(
        draw_strip(record, intervals=[place]), draw_strip(record, intervals=[place | {"chosen": True}])
    )
    x = lay_out(record).rows[0].pieces[0].x
    assert x(4.0) - 6 < left < x(4.0) and x(4.4) < right < x(4.4) + 6


def test_names_and_titles_of_any_kind_are_drawn():
    record = make_record(("a very long lead name that no one expects", "Ω"), duration_s=1.0)
    many = [{"start_s": k / 10, "end_s": k / 10, "kind": f"kind {k} " * 5, "leads": []} for k in range(9)]
    assert isinstance(draw_strip(record, title="long " * 200, intervals=many), Image.Image)


def test_pillows_own_font_will_do(monkeypatch):
    def missing(*_):
        raise OSError("cannot open resource")

    default = ImageFont.load_default(20)
    monkeypatch.setattr(ImageFont, "truetype", missing)
    monkeypatch.setattr(ImageFont, "load_default", lambda size: default)
    _font.cache_clear()
    try:
        assert draw_strip(make_record(("I",))).width > 0
    finally:
        _font.cache_clear()
