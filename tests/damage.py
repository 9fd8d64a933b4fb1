"""Damaging files at random: only a `RecordError` of one line may come out of a reader."""

import warnings

import numpy as np
import pytest

from anyecg.readers import read_record
from anyecg.record import RecordError


def refused(path, **declared):
    """The sentence with which a file is refused."""
    with pytest.raises(RecordError) as caught:
        read_record(path, **declared)
    message = str(caught.value)
    assert "\n" not in message and "Traceback" not in message
    return message


def damage(path, times, seed=0, header=None, letters=bytes(range(256)), **declared):
    """Cut the file short or change three of its bytes, again and again, and read it.

    Args:
        letters: what the changed bytes become.
        header: bytes at the begin in which most changes fall; all of the file if None.

    Returns:
        How often it was read and how often refused.
    """
    content, random, outcome = path.read_bytes(), np.random.default_rng(seed), [0, 0]
    target = path.with_name(f"damaged-{path.name}")
    for _ in range(times):
        damaged = np.frombuffer(content, np.uint8).copy()
        if random.random() < 0.25:
            damaged = damaged[: random.integers(1, len(damaged))]
        reach = min(len(damaged), header) if header and random.random() < 0.8 else len(damaged)
        damaged[random.integers(0, reach, 3)] = random.choice(list(letters), 3)
        target.write_bytes(damaged.tobytes())
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)
                read_record(target, **declared)
            outcome[0] += 1
        except RecordError as error:
            assert "\n" not in str(error) and len(str(error)) < 600, error
            outcome[1] += 1
    return tuple(outcome)
