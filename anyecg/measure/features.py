"""What the delineator sees of a beat: a few curves over time that do not depend on how many leads there are.

The curves are spatial velocities (root mean square over the leads of the slope; Sörnmo, IEEE Trans Biomed Eng
1998) at three scales and the trapezium areas that mark the end of a wave (Zhang et al., Comput Cardiol 2006),
in both directions of time.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

STEP = 2
"""The curves keep every second sample: 4 ms."""
SCALES = (3.0, 7.0, 16.0)
"""Widths of the Gaussian slope filters, samples at 500 Hz."""
AREA_SAMPLES = 56
FLOOR = 1e-3
"""Velocities below this share of the QRS velocity count as rest."""


def features(signal: np.ndarray, r: int, rr_before_s: float, rr_after_s: float) -> np.ndarray:
    """Curves of one beat, shape (n_curves, n_samples / 2), float32.

    Args:
        signal: (n_leads, n_samples) mV at 500 Hz, baseline removed.
        r: sample of the R peak.
        rr_before_s, rr_after_s: intervals to the neighbouring beats, which bound where P and T may lie.
    """
    curves = [*_velocities(signal, r), *_areas(signal, r), _bulge(signal, r)]
    shape = np.log(np.maximum(np.stack(curves)[:, ::STEP], FLOOR)) / 3.0 + 1.0
    return np.concatenate([shape, _clocks(signal.shape[1], r, rr_before_s, rr_after_s)]).astype(np.float32)


def _velocities(signal: np.ndarray, r: int) -> list[np.ndarray]:
    """Velocity at each scale in units of the QRS: leads as they are, and every lead in units of its own QRS."""
    near = slice(max(r - 35, 0), r + 35)
    curves, own = [], None
    for sigma in SCALES:
        slope = gaussian_filter1d(signal, sigma, axis=1, order=1)
        if own is None:
            own = np.maximum(np.abs(slope[:, near]).max(axis=1, keepdims=True), 1e-6)
            top = max(float(np.sqrt((slope[:, near] ** 2).mean(axis=0)).max()), 1e-6)
        curves.append(np.sqrt((slope**2).mean(axis=0)) / top)
        curves.append(np.sqrt(((slope / own) ** 2).mean(axis=0)))
    return curves


def _areas(signal: np.ndarray, r: int) -> list[np.ndarray]:
    """Area between the curve and its present value over the last, and over the next, 112 ms."""
    smooth = gaussian_filter1d(signal, 4.0, axis=1)
    padded = np.pad(smooth, ((0, 0), (AREA_SAMPLES, AREA_SAMPLES)), mode="edge")
    total = np.cumsum(padded, axis=1)
    n, w = signal.shape[1], AREA_SAMPLES
    past = (total[:, w : w + n] - total[:, :n]) / w - smooth
    future = (total[:, 2 * w : 2 * w + n] - total[:, w : w + n]) / w - smooth
    height = max(float(np.sqrt((smooth[:, r - 35 : r + 35] ** 2).mean(axis=0)).max()), 1e-6)
    return [np.sqrt((past**2).mean(axis=0)) / height, np.sqrt((future**2).mean(axis=0)) / height]


def _bulge(signal: np.ndarray, r: int) -> np.ndarray:
    """Deviation from the surroundings (Gaussian of 80 ms): high on P and T waves, low between them."""
    deviation = gaussian_filter1d(signal, 5.0, axis=1) - gaussian_filter1d(signal, 40.0, axis=1)
    curve = np.sqrt((deviation**2).mean(axis=0))
    return curve / max(float(curve[max(r - 35, 0) : r + 35].max()), 1e-6)


def _clocks(n: int, r: int, rr_before_s: float, rr_after_s: float) -> np.ndarray:
    """Time from R in seconds, in roots of the RR interval (as QT goes), and from the neighbouring beats."""
    t = (np.arange(0, n, STEP) - r) / 500.0
    rr = np.clip(rr_before_s, 0.3, 1.5)
    nearest = [np.clip(t + rr_before_s, -0.2, 0.8), np.clip(t - rr_after_s, -0.8, 0.2)]
    return np.stack([t, t / np.sqrt(rr), *nearest]) * 2.0
