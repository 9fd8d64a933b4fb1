"""The command `python -m app`: quick help, and one sentence where it cannot start."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.__main__ import main


def test_help_is_given_without_loading_torch_or_gradio():
    command = [sys.executable, "-X", "importtime", "-m", "app", "--help"]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0 and "--checkpoint" in done.stdout
    assert "argparse" in done.stderr
    assert not any(f" {name}\n" in done.stderr for name in ("torch", "gradio", "numpy"))


def test_a_missing_checkpoint_is_one_sentence_and_leaves_no_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(SystemExit) as stopped:
        main(["--checkpoint", str(tmp_path / "nowhere")])
    assert stopped.value.code == 2
    assert "no checkpoint at" in capsys.readouterr().err
    assert list(tmp_path.glob("anyecg-*")) == []
