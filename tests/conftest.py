"""What several test files share: where the real recordings are, when there are any."""

import os
from pathlib import Path

import pytest


def find_shared_data(name: str) -> Path:
    """A folder of real recordings outside the project; skips the test, with the reason, when it is not there."""
    root = Path(os.environ.get("ANYECG_DATA", Path(__file__).parents[1] / ".." / "shared" / "data")).resolve()
    if not (root / name).exists():
        pytest.skip(f"real recordings not found: {name} (set ANYECG_DATA to the folder that holds them)")
    return root / name


@pytest.fixture
def shared_data():
    """A function: name of a database folder → its path, or a skip."""
    return find_shared_data
