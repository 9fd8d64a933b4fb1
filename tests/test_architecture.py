"""The directions of the arrows: wings import anyecg and never each other; nothing loads a pickle."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WINGS = ("data_builders", "train", "app")
ALLOWED = {"anyecg": set(), **{wing: {"anyecg"} for wing in WINGS}}


def imported_packages(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", ALLOWED)
def test_packages_import_only_what_they_may(package):
    files = list((ROOT / package).rglob("*.py"))
    assert files
    own = set(ALLOWED) | {"tests", "benchmarks"}
    for file in files:
        wrong = (set(imported_packages(file)) & own) - ALLOWED[package] - {package}
        assert not wrong, f"{file.relative_to(ROOT)} imports {wrong}"


@pytest.mark.parametrize("package", ALLOWED)
def test_nothing_loads_a_pickle(package):
    for file in (ROOT / package).rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        for unsafe in ("pickle.load", "allow_pickle=True", "weights_only=False", "trust_remote_code=True"):
            assert unsafe not in text, f"{file.relative_to(ROOT)} contains {unsafe}"
        assert text.count("torch.load(") == text.count("weights_only=True") or "torch.load(" not in text
