"""A killed training goes on as if nothing had happened, and several processes train what one does."""

import json
import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.test_train import write_dataset
from train import checkpoint

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("data"))


def forked(task, data, out):
    """What tests/forked_training.py saw of a task."""
    command = [sys.executable, "-m", "tests.forked_training", task, str(data), str(out)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_a_training_killed_twenty_times_ends_with_the_weights_of_an_unbroken_one(data, tmp_path):
    seen = forked("kills", data, tmp_path)
    *killed, last = seen["attempts"]
    assert len(killed) == 20 and all(attempt["code"] == -signal.SIGKILL for attempt in killed) and last["code"] == 0
    assert any(attempt["unfinished"] for attempt in killed)
    assert all(seen["same"])
    for folder in range(seen["folders"]):
        steps = [attempt["steps"] for attempt in seen["attempts"] if attempt["folder"] == folder and attempt["steps"]]
        for before, after in pairwise(steps):
            (stage, reached), (next_stage, first) = before[-1], after[0]
            assert next_stage != stage or reached - (first - 1) <= seen["every"]


def test_two_processes_train_what_one_does(data, tmp_path):
    for result in forked("processes", data, tmp_path).values():
        assert result["losses"][0] == pytest.approx(result["losses"][1], rel=1e-3)
        assert result["moved"] > 0.1 and result["apart"] < 0.01 * result["moved"]


def test_sharded_weights_train_resume_and_are_saved_whole(data, tmp_path):
    result = forked("sharded", data, tmp_path)
    assert result["stopped"]
    assert result["losses"][0] == pytest.approx(result["losses"][1], rel=1e-3)
    assert result["moved"] > 0.1 and result["apart"] < 0.01 * result["moved"]


class Alone:
    """A single process, as accelerate shows it."""

    is_main_process, process_index, num_processes = True, 0, 1

    def wait_for_everyone(self):
        pass


@pytest.mark.parametrize("moved_away", [True, False])
def test_a_kill_between_the_renames_leaves_the_newest_state(tmp_path, moved_away):
    folder = tmp_path / "stage.checkpoint"
    checkpoint.write(folder, Alone(), {"step": 1})
    checkpoint.write(folder, Alone(), {"step": 2})
    if moved_away:  # killed after the old state was moved away
        folder.rename(checkpoint.beside(folder, "new"))
    assert checkpoint.read(folder, Alone())["step"] == 2
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_a_half_written_state_is_not_read(tmp_path):
    folder = tmp_path / "stage.checkpoint"
    checkpoint.beside(folder, "new").mkdir()
    (checkpoint.beside(folder, "new") / "state.pt").write_bytes(b"half")
    assert checkpoint.read(folder, Alone()) is None


def test_a_state_of_other_processes_is_refused(tmp_path):
    folder, two = tmp_path / "stage.checkpoint", Alone()
    two.num_processes = 2
    checkpoint.write(folder, two, {"step": 1})
    with pytest.raises(ValueError, match="written by 2 processes, and these are 1"):
        checkpoint.read(folder, Alone())


def test_every_random_generator_goes_on():
    import random

    draw = lambda: (float(torch.rand(())), float(np.random.rand()), random.random())  # noqa: E731
    state = checkpoint.random_state()
    first = draw()
    checkpoint.set_random_state(state)
    assert draw() == first
