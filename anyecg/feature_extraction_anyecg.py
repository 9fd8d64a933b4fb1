"""From records to the encoder's input: resampled, drift-free, cut into excerpts and patches, with masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.signal import butter, sosfiltfilt
from transformers import BatchFeature, FeatureExtractionMixin

from .leads import KNOWN_LEADS
from .record import EcgRecord, RecordError, resample, resampled_length

_LEAD_IDS = {name: k + 1 for k, name in enumerate(KNOWN_LEADS)}
ECG_INPUTS = ("ecg_values", "ecg_mask", "lead_ids", "patch_times", "ecg_index")


def lead_id(name: str) -> int:
    """Index of a lead's learned embedding; 0 stands for every name that is not known."""
    return _LEAD_IDS.get(name, 0)


class AnyEcgFeatureExtractor(FeatureExtractionMixin):
    """Cut records into excerpts and patches. The only owner of the number of tokens per ECG.

    Args:
        sampling_rate: Hz the encoder reads at.
        patch_s: seconds per time step.
        max_excerpt_s: longest excerpt in seconds.
        steps_per_token: time steps per language-model token.
        highpass_hz: corner of the zero-phase second-order Butterworth high-pass that removes baseline drift.
    """

    model_input_names = list(ECG_INPUTS)  # noqa: RUF012

    def __init__(
        self,
        sampling_rate: float = 100.0,
        patch_s: float = 0.2,
        max_excerpt_s: float = 10.0,
        steps_per_token: int = 2,
        highpass_hz: float = 0.4,
        **kwargs: Any,
    ):
        self.sampling_rate, self.patch_s, self.max_excerpt_s = sampling_rate, patch_s, max_excerpt_s
        self.steps_per_token, self.highpass_hz = steps_per_token, highpass_hz
        super().__init__(**kwargs)

    def __call__(self, records: Sequence[EcgRecord], return_tensors: str | None = "pt", **kwargs: Any) -> BatchFeature:
        """Make one masked batch of all excerpts of all records.

        Returns:
            ecg_values (num_excerpts, max_leads, max_steps, patch_samples) in mV, ecg_mask (num_excerpts, max_leads,
            max_steps), lead_ids (num_excerpts, max_leads), patch_times (num_excerpts, max_steps) in seconds from the
            start of the record and -1 where a step is padding, ecg_index (num_excerpts,): the record of an excerpt.
        """
        pieces = [(k, piece) for k, record in enumerate(records) for piece in self.excerpts(record)]
        if not pieces:
            raise ValueError("no ECG was given; pass at least one EcgRecord.")
        shape = np.max([piece["ecg_values"].shape for _, piece in pieces], axis=0)
        batch = {
            "ecg_values": np.zeros((len(pieces), *shape), dtype=np.float32),
            "ecg_mask": np.zeros((len(pieces), *shape[:2]), dtype=bool),
            "lead_ids": np.zeros((len(pieces), shape[0]), dtype=np.int64),
            "patch_times": np.full((len(pieces), shape[1]), -1, dtype=np.float32),
            "ecg_index": np.array([k for k, _ in pieces], dtype=np.int64),
        }
        for row, (_, piece) in enumerate(pieces):
            n_leads, n_steps = piece["ecg_mask"].shape
            batch["ecg_values"][row, :n_leads, :n_steps] = piece["ecg_values"]
            batch["ecg_mask"][row, :n_leads, :n_steps] = piece["ecg_mask"]
            batch["lead_ids"][row, :n_leads] = piece["lead_ids"]
            batch["patch_times"][row, :n_steps] = piece["patch_times"]
        return BatchFeature(batch, tensor_type=return_tensors)

    def excerpts(self, record: EcgRecord) -> list[dict[str, np.ndarray]]:
        """The unpadded excerpts of one record, each with the keys of `__call__` but `ecg_index`.

        Raises:
            RecordError: if the record is shorter than one second.
        """
        if record.duration_s < 1.0:
            raise RecordError(f"{record.name} lasts {record.duration_s:.2f} s; at least 1 s is needed to read an ECG.")
        record = resample(record, self.sampling_rate)
        recorded = np.isfinite(record.signal)
        signal = self._without_drift(np.nan_to_num(record.signal))
        patch = round(self.sampling_rate * self.patch_s)
        n_steps = -(-signal.shape[1] // patch)
        fill = ((0, 0), (0, n_steps * patch - signal.shape[1]))
        values = np.pad(np.where(recorded, signal, 0.0), fill).reshape(len(record.leads), n_steps, patch)
        mask = np.pad(recorded, fill).reshape(len(record.leads), n_steps, patch).mean(axis=2) >= 0.5
        times = np.arange(n_steps, dtype=np.float32) * np.float32(self.patch_s)
        lead_ids = np.array([lead_id(name) for name in record.leads])
        per_excerpt = round(self.max_excerpt_s / self.patch_s)
        cuts = [slice(k, k + per_excerpt) for k in range(0, n_steps, per_excerpt)]
        for cut in cuts:
            # A lead with nothing recorded in an excerpt still exists there: it shows one flat patch.
            mask[:, cut.start] |= ~mask[:, cut].any(axis=1)
        return [
            {
                "ecg_values": values[:, cut].astype(np.float32) * mask[:, cut, None],
                "ecg_mask": mask[:, cut],
                "lead_ids": lead_ids,
                "patch_times": times[cut],
            }
            for cut in cuts
        ]

    def num_tokens(self, record: EcgRecord) -> int:
        """Language-model tokens of an ECG: a summary, one per `steps_per_token` steps of each excerpt, one per lead."""
        n_steps = self.num_steps(record)
        per_excerpt = round(self.max_excerpt_s / self.patch_s)
        whole, rest = divmod(n_steps, per_excerpt)
        per_token = self.steps_per_token
        return 1 + whole * -(-per_excerpt // per_token) + -(-rest // per_token) + len(record.leads)

    def num_steps(self, record: EcgRecord) -> int:
        """Time steps of a record, over all its excerpts."""
        return -(-resampled_length(record, self.sampling_rate) // round(self.sampling_rate * self.patch_s))

    def _without_drift(self, signal: np.ndarray) -> np.ndarray:
        sos = butter(2, self.highpass_hz, "highpass", fs=self.sampling_rate, output="sos")
        centred = signal - np.median(signal, axis=1, keepdims=True)
        return sosfiltfilt(sos, centred, axis=1, padlen=min(signal.shape[1] - 1, 3 * round(self.sampling_rate)))
