"""What the delineator sees of a beat: curves of each lead, and curves of all leads together.

The curves of all leads are spatial velocities (root mean square over the leads of the slope; Sörnmo, IEEE Trans Biomed
Eng 1998) at three scales and the trapezium areas that mark the end of a wave (Zhang et al., Comput Cardiol 2006), in
both directions of time. Those of a lead are its signal, slopes and areas with their sign. None depends on how many
leads there are, nor on their names.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

STEP = 2
"""The curves keep every second sample: 4 ms."""
SCALES = (1.5, 3.5, 8.0)
"""Widths of the Gaussian slope filters, in steps."""
AREA_STEPS = 28
"""The areas reach 112 ms."""
NEAR_STEPS, WIDE_STEPS = 3, 24
"""The bulge is the mean over 7 steps less the mean over 49."""
QRS_STEPS = 18
"""The size of the QRS is taken within 72 ms of the R peak."""
FLOOR = 1e-3
"""Velocities below this share of the QRS velocity count as rest."""
GAINS = (20.0, 1 / 0.03, 1 / 0.03, 100.0, 20.0, 20.0, 20.0)
"""How much each curve of a lead is enlarged before its arcsinh, so that what is small against the QRS shows too."""
SHARED_CURVES, LEAD_CURVES = 13, 8


def features(
    signal: np.ndarray, r: int, rr_before_s: np.ndarray, rr_after_s: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Curves of beats, float32.

    Args:
        signal: (n_beats, n_leads, n_samples) mV at 500 Hz, baseline removed.
        r: sample of the R peak in all of them.
        rr_before_s, rr_after_s: (n_beats,) intervals to the neighbouring beats, which bound where P and T may lie.

    Returns:
        Curves of all leads together, (n_beats, 13, n_samples / 2), and of each, (n_beats, n_leads, 8, n_samples / 2).
    """
    x = _halved(signal)
    slopes = [gaussian_filter1d(x, scale, axis=2, order=1) for scale in SCALES]
    areas = _areas(x)
    near = slice(max(r // STEP - QRS_STEPS, 0), r // STEP + QRS_STEPS)
    speed = np.maximum(np.abs(slopes[0][:, :, near]).max(axis=2, keepdims=True), 1e-6)
    size = np.maximum(np.abs(x[:, :, near]).max(axis=2, keepdims=True), 1e-6)
    top, height = (np.maximum(_rms(y)[:, near].max(axis=1, keepdims=True), 1e-6) for y in (slopes[0], x))
    shared = [curve for slope in slopes for curve in (_rms(slope) / top, _rms(slope / speed))]
    shared += [_rms(area) / height for area in areas]
    shape = np.log(np.maximum(np.stack(shared, axis=1), FLOOR)) / 3.0 + 1.0
    clocks = _clocks(x.shape[2], r, rr_before_s, rr_after_s)
    own = [x / size, *(slope / speed for slope in slopes), *(area / size for area in areas)]
    curves = [np.arcsinh(gain * curve) / 3.0 for gain, curve in zip(GAINS, own, strict=True)]
    curves.append(np.broadcast_to(np.log(size / size.max(axis=1, keepdims=True)), x.shape))
    return np.concatenate([shape, clocks], axis=1).astype(np.float32), np.stack(curves, axis=2).astype(np.float32)


def _rms(curves: np.ndarray) -> np.ndarray:
    """Root mean square over the leads."""
    return np.sqrt((curves**2).mean(axis=1))


def _halved(signal: np.ndarray) -> np.ndarray:
    """Every second sample, smoothed by (1, 2, 1) / 4."""
    n = signal.shape[2] // 2 * 2
    x = np.pad(signal.astype(np.float32), ((0, 0), (0, 0), (1, 1)), mode="edge")
    return 0.25 * x[:, :, 0:n:2] + 0.5 * x[:, :, 1 : n + 1 : 2] + 0.25 * x[:, :, 2 : n + 2 : 2]


def _areas(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over the last, and over the next, 112 ms less the present value; and the deviation from the surroundings."""
    n, a = x.shape[2], AREA_STEPS
    total = np.cumsum(np.pad(x, ((0, 0), (0, 0), (a + 1, a)), mode="edge"), axis=2, dtype=np.float64)
    total -= total[:, :, :1]

    def mean(first: int, last: int) -> np.ndarray:
        """Mean over the steps from `first` to `last` around each."""
        return (total[:, :, a + 1 + last : a + 1 + last + n] - total[:, :, a + first : a + first + n]) / (
            last - first + 1
        )

    bulge = mean(-NEAR_STEPS, NEAR_STEPS) - mean(-WIDE_STEPS, WIDE_STEPS)
    past, future = mean(-a, -1) - x, mean(1, a) - x
    return past.astype(np.float32), future.astype(np.float32), bulge.astype(np.float32)


def _clocks(n: int, r: int, rr_before_s: np.ndarray, rr_after_s: np.ndarray) -> np.ndarray:
    """Time from R in seconds, in roots of the RR interval (as QT goes), and from the neighbouring beats."""
    before, after = rr_before_s[:, None], rr_after_s[:, None]
    t = np.broadcast_to((np.arange(n) * STEP - r) / 500.0, (len(before), n))
    nearest = [np.clip(t + before, -0.2, 0.8), np.clip(t - after, -0.8, 0.2)]
    return np.stack([t, t / np.sqrt(np.clip(before, 0.3, 1.5)), *nearest], axis=1) * 2.0
