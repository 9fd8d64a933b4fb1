"""Drawing many records at once with torch, on an accelerator where there is one.

The plans are those of `simulate`, and so are all random numbers, noise included: only the arithmetic is done elsewhere,
with copies of waves padded to a common width and added up in one go.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from .assembly import Plan
from .device import slow_matrix
from .drawing import COARSE_HZ, Copies, Drawing, padded_length
from .pool import POOL_SAMPLES, hats, noise_pool

_WIDTH_CLASSES_S = (0.16, 0.32, 100.0)  # copies up to this long are padded to one width


def draw_batch(plans: Sequence[Plan], device: str | torch.device = "cpu") -> torch.Tensor:
    """The signals of plans of one shape, (batch, n_leads, n_samples) float32, mV."""
    drawings = [plan.drawing for plan in plans]
    one = drawings[0]
    signal = torch.zeros(len(plans), one.n_rows, one.n_inner, device=device)
    _add_copies(signal, drawings)
    _add_patches(signal, drawings)
    _add_slow(signal, drawings)
    _add_muscle(signal, drawings)
    _add_mains(signal, drawings)
    if one.factor > 1 or any(drawing.device.shapes_spectrum for drawing in drawings):
        signal = _through_filters(signal, drawings)
    signal *= _stacked([drawing.device.gain for drawing in drawings], signal)[:, :, None]
    for k, drawing in enumerate(drawings):
        for held in drawing.held:
            signal[k, list(held.rows), held.first : held.last] = held.level
    return torch.as_tensor(plans[0].layout.to_leads, device=device) @ signal


def _stacked(arrays: Sequence[np.ndarray], like: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(np.stack(arrays).astype(np.float32)).to(like.device)


def _add_copies(signal: torch.Tensor, drawings: Sequence[Drawing]) -> None:
    shortest = 0.0
    for longest in _WIDTH_CLASSES_S:
        rate = drawings[0].inner_rate
        chosen = [
            (k, copies)
            for k, drawing in enumerate(drawings)
            for copies in drawing.copies
            if shortest * rate < copies.width <= longest * rate
        ]
        if chosen:
            _add_padded(signal, chosen, rate)
        shortest = longest


def _add_padded(signal: torch.Tensor, chosen: Sequence[tuple[int, Copies]], rate: float) -> None:
    """Add waves of similar width: bumps are padded with ones of no height, copies to the widest."""
    device, n_rows, n = signal.device, signal.shape[1], signal.shape[2]
    most = max(len(copies.times) for _, copies in chosen)
    width = max(copies.width for _, copies in chosen)
    times = np.ones((len(chosen), most, 4), dtype=np.float32)
    weights = np.zeros((len(chosen), n_rows, most), dtype=np.float32)
    for k, (_, copies) in enumerate(chosen):
        times[k, : len(copies.times)], weights[k, :, : len(copies.times)] = copies.times, copies.weights
    counts = np.array([len(copies.first) for _, copies in chosen])
    of_wave = torch.from_numpy(np.repeat(np.arange(len(chosen)), counts)).to(device)
    record = np.repeat([k for k, _ in chosen], counts)
    first = np.concatenate([copies.first for _, copies in chosen])
    late, stretch = (
        torch.from_numpy(np.concatenate([getattr(copies, name) for _, copies in chosen])).to(device)
        for name in ("late_s", "stretch")
    )
    gain = torch.from_numpy(np.concatenate([copies.gain.T for _, copies in chosen])).to(device)  # (n_copies, n_rows)
    t = (1000 * late[:, None] + torch.arange(width, device=device) * (1000 / rate)) / stretch[:, None]
    heights = _bump_heights(torch.from_numpy(times).to(device)[of_wave], t)  # (n_copies, n_bumps, width)
    values = (torch.from_numpy(weights).to(device)[of_wave] * gain[:, :, None]) @ heights  # (n_copies, n_rows, width)
    # Added up in rows of samples with room for what lies outside of the record.
    at = torch.from_numpy(np.clip(first, -width, n) + width + record * (n + 2 * width)).to(device)
    room = torch.zeros(len(signal) * (n + 2 * width), n_rows, device=device)
    places = (at[:, None] + torch.arange(width, device=device)).reshape(-1)
    room.index_add_(0, places, values.transpose(1, 2).reshape(-1, n_rows))
    signal += room.view(len(signal), -1, n_rows)[:, width : width + n].transpose(1, 2)


def _bump_heights(times: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """`dipole.bump_heights` of bumps (n_copies, n_bumps, 4) at their own times (n_copies, width)."""
    centre, flat, left, right = times.unbind(2)
    past = t[:, None] - centre[:, :, None]
    u = torch.maximum((past - flat[:, :, None]) / right[:, :, None], -past / left[:, :, None]).clamp_(min=0)
    return (1 - u * u).clamp_(min=0).square_().square_()


def _add_patches(signal: torch.Tensor, drawings: Sequence[Drawing]) -> None:
    n = signal.shape[2]
    for k, drawing in enumerate(drawings):
        for patch in drawing.patches:
            a, b = max(patch.first, 0), min(patch.first + patch.course.shape[1], n)
            values = patch.weights @ patch.course[:, a - patch.first : b - patch.first]
            signal[k, :, a:b] += torch.from_numpy(values).to(signal.device)


def _add_slow(signal: torch.Tensor, drawings: Sequence[Drawing]) -> None:
    """The high-pass filter and the wander, at the coarse rate and then drawn out, as `drawing.draw` has them."""
    one, n = drawings[0], signal.shape[2]
    ratio = one.inner_rate / COARSE_HZ
    at = torch.arange(n, dtype=torch.float64, device=signal.device) / ratio
    block = at.floor().long()
    part = (at - block).float()
    n_blocks = int(block[-1]) + 1
    if ratio == int(ratio) and n % int(ratio) == 0:
        blocks = signal.view(*signal.shape[:2], n_blocks, int(ratio)).mean(3)
    else:
        sums = torch.zeros(*signal.shape[:2], n_blocks, device=signal.device).index_add_(2, block, signal)
        blocks = sums / torch.bincount(block)
    level = torch.cat([blocks[:, :, :1], 0.5 * (blocks[:, :, 1:] + blocks[:, :, :-1]), blocks[:, :, -1:]], dim=2)
    none = np.zeros((one.n_rows, one.n_coarse), dtype=np.float32)
    wander = _stacked([none if d.wander is None else d.wander[:, : one.n_coarse] for d in drawings], signal)
    slow = _stacked([slow_matrix(one.n_coarse, d.device.high_pass_hz) for d in drawings], signal)
    coarse = wander - (level + wander) @ slow
    rise = coarse[:, :, 1:] - coarse[:, :, :-1]
    signal += coarse[:, :, block] + rise[:, :, block] * part


def _add_muscle(signal: torch.Tensor, drawings: Sequence[Drawing]) -> None:
    n, rate = signal.shape[2], drawings[0].inner_rate
    for low_pass_hz in sorted({drawing.device.low_pass_hz for drawing in drawings}):
        which = [k for k, d in enumerate(drawings) if d.muscle is not None and d.device.low_pass_hz == low_pass_hz]
        muscles = [muscle for k in which if (muscle := drawings[k].muscle) is not None]
        if not muscles:
            continue
        stretches = torch.from_numpy(noise_pool(rate, low_pass_hz)).to(signal.device).unfold(0, n, 1)
        begins = np.stack([muscle.starts + muscle.colours * POOL_SAMPLES for muscle in muscles])
        starts = torch.from_numpy(begins).to(signal.device)
        noise = _stacked([muscle.weights for muscle in muscles], signal) @ stretches[starts]
        knots = _stacked([muscle.knots for muscle in muscles], signal)
        noise *= (knots @ torch.from_numpy(hats(n, knots.shape[1])).to(signal.device))[:, None]
        signal[which] += noise


def _add_mains(signal: torch.Tensor, drawings: Sequence[Drawing]) -> None:
    which = [k for k, drawing in enumerate(drawings) if drawing.mains is not None]
    if not which:
        return
    rate = drawings[0].inner_rate
    hz = torch.tensor([drawings[k].mains_hz for k in which], dtype=torch.float64, device=signal.device)
    cycles = (hz / rate)[:, None] * torch.arange(signal.shape[2], device=signal.device)
    angle = ((cycles - cycles.floor()) * (2 * np.pi)).float()
    mix = _stacked([mains for k in which if (mains := drawings[k].mains) is not None], signal)
    signal[which] += mix @ torch.stack([angle.sin(), angle.cos()], dim=1)


def _through_filters(signal: torch.Tensor, drawings: Sequence[Drawing]) -> torch.Tensor:
    one, n = drawings[0], signal.shape[2]
    factor, length = one.factor, padded_length(n)
    which = [k for k, drawing in enumerate(drawings) if factor > 1 or drawing.device.shapes_spectrum]
    response = _stacked([drawings[k].device.response(length // factor, one.sampling_rate) for k in which], signal)
    back = torch.linspace(0, 1, length - n + 2, device=signal.device)[1:-1]
    rows = signal[which]
    joined = torch.cat([rows, rows[..., -1:] + (rows[..., :1] - rows[..., -1:]) * back], dim=2)
    spectrum = torch.fft.rfft(joined)[..., : response.shape[1]] * (response / factor)[:, None]
    filtered = torch.fft.irfft(spectrum, length // factor)[..., : n // factor]
    if factor > 1:
        return filtered
    signal[which] = filtered
    return signal
