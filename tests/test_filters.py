"""Filters are those of scipy."""

import numpy as np
import pytest
from scipy import signal

from anyecg.measure.filters import butter


@pytest.mark.parametrize(("order", "corners", "kind"), [(2, [1.0, 35.0], "bandpass"), (4, 0.9, "highpass")])
@pytest.mark.parametrize("rate", [360, 500])
def test_a_filter_is_that_of_scipy_whatever_is_done_to_the_one_before(order, corners, kind, rate):
    butter(order, corners, kind, fs=rate, output="sos")[:] = 7.0
    found = butter(order, corners, kind, fs=rate, output="sos")
    np.testing.assert_array_equal(found, signal.butter(order, corners, kind, fs=rate, output="sos"))
    assert signal.sosfiltfilt(found, np.zeros((2, 900)), axis=1).shape == (2, 900)
