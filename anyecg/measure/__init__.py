"""Measure an ECG: beats, rate, intervals, axis, amplitudes and signal quality; what cannot be measured says why."""

from .beats import detect_r_peaks
from .delineate import BeatWaves, delineate
from .quality import signal_quality
from .report import Measurements, measure

__all__ = ["BeatWaves", "Measurements", "delineate", "detect_r_peaks", "measure", "signal_quality"]
