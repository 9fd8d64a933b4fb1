"""The command line: strict JSON with `record` first, one sentence for wrong input, exit codes, instant help."""

import json
import subprocess
import sys
from itertools import count

import numpy as np
import pytest

from anyecg.cli import main
from anyecg.loading import EMBEDDED
from anyecg.simulate import simulate

COMMANDS = ("info", "measure", "findings", "report", "locate", "ask", "compare", "show")


def save(path, record):
    np.savez(path, signal=record.signal, leads=record.leads, sampling_rate=record.sampling_rate, units="mV")
    return str(path)


@pytest.fixture(scope="module")
def simulated():
    return [s.record for s in simulate(2, seed=5)]


@pytest.fixture
def ecg(tmp_path, simulated):
    return save(tmp_path / "one.npz", simulated[0])


@pytest.fixture
def other(tmp_path, simulated):
    return save(tmp_path / "two.npz", simulated[1])


class FakeChat:
    """Answers at once; counts how often a model was loaded."""

    loaded = count()

    @classmethod
    def from_pretrained(cls, path=None):
        if path == "missing":
            raise ValueError("no checkpoint at missing.")
        next(cls.loaded)
        return cls()

    def findings(self, record):
        none = {"subclasses": {}, "abstained": False, "reason": None}
        heads = {"findings": {"AFIB": np.float32(0.75), "NORM": float("nan")}, "superclasses": {"MI": 0.1}}
        return heads | {"rhythms": {"AFIB": 0.75}} | none

    def locate(self, record, finding):
        place = {"start_s": np.float64(1.5), "end_s": 1.75, "leads": []}
        return {"finding": finding, "present": True, "intervals": [place], "answer": "At 1.5 s.", "probability": 0.9}

    def stream(self, records, question, **options):
        from anyecg.answer import Answer

        evidence = [{"record": r.name, "measurements": {"qrs_ms": 90.0}, "findings": []} for r in records]
        for text in ("Sinus", "Sinus rhythm."):
            yield Answer(text=text, evidence=evidence, first_token_s=0.1, total_s=0.2, tokens=2)
        yield Answer("Sinus rhythm.", evidence, contradictions=["It is not."], first_token_s=0.1, total_s=0.3, tokens=2)

    def ask(self, records, question):
        return list(self.stream(records, question))[-1]

    def report(self, record):
        return self.ask([record], "")


@pytest.fixture
def fake_chat(monkeypatch):
    monkeypatch.setattr("anyecg.chat.EcgChat", FakeChat)
    FakeChat.loaded = count()
    return FakeChat


def run(capsys, *argv):
    """Exit code, standard output and standard error."""
    code = main([str(arg) for arg in argv])
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return code, out, err


def rows(capsys, *argv):
    """Exit code and the JSON objects printed, one per line; NaN and Infinity do not parse."""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    code, out, _ = run(capsys, *argv, "--json")
    return code, [json.loads(line, parse_constant=refuse) for line in out.splitlines()]


def test_help_comes_without_the_heavy_imports():
    script = (
        "import sys; from anyecg.cli import main; code = main(['--help']); "
        "heavy = {'torch', 'transformers', 'scipy', 'numpy', 'wfdb', 'PIL'} & set(sys.modules); "
        "sys.exit(1 if heavy or code else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in COMMANDS)


def test_every_command_has_help_and_the_version_is_told(capsys):
    for name in COMMANDS:
        code, out, _ = run(capsys, name, "--help")
        assert code == 0 and "--json" in out and "--start" in out
    assert run(capsys, "--version")[1].startswith("anyecg ")
    assert "measure" in run(capsys)[1]


def test_info_tells_what_the_file_holds(capsys, ecg):
    code, (row,) = rows(capsys, "info", ecg)
    assert code == 0 and next(iter(row)) == "record" and row["record"] == ecg
    assert (row["name"], row["sampling_rate_hz"], row["duration_s"], len(row["leads"])) == ("one", 500.0, 10.0, 12)
    code, out, err = run(capsys, "info", ecg)
    assert code == 0 and "500 Hz" in out and "not a medical device" in err


def test_measure_gives_the_documented_keys(capsys, ecg, other):
    code, (row, second) = rows(capsys, "measure", ecg, other)
    documented = (
        "beats heart_rate_bpm pr_ms qrs_ms qt_ms qtc_bazett_ms qtc_fridericia_ms axis_deg leads duration_s "
        "sampling_rate_hz quality"
    )
    assert code == 0 and set(documented.split()) <= set(row) and next(iter(row)) == "record"
    assert set(row["beats"][0]) == {"time_s", "kind"} and second["record"] == other
    assert "qrs" in run(capsys, "measure", ecg)[1]


def test_an_excerpt_and_leads_can_be_chosen(capsys, ecg):
    _, (row,) = rows(capsys, "info", ecg, "--start", 2, "--end", 5, "--leads", "V5,ii")
    assert row["duration_s"] == 3.0 and row["leads"] == ["V5", "II"]
    assert row["excerpt"] == {"start_s": 2.0, "end_s": 5.0}


def test_what_files_do_not_state_can_be_declared(capsys, tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text("1000,2000\n" * 600)
    _, (row,) = rows(capsys, "info", path, "--sampling-rate", 300, "--microvolts-per-step", 1, "--leads", "I,II")
    assert (row["sampling_rate_hz"], row["duration_s"], row["leads"]) == (300.0, 2.0, ["I", "II"])


def test_an_unreadable_record_gives_an_error_line_and_the_others_go_on(capsys, tmp_path, ecg):
    (tmp_path / "letter.txt").write_text("Dear colleague")
    code, out, err = run(capsys, "info", "nope.hea", ecg, tmp_path / "letter.txt", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 2 and [("error" in line) for line in lines] == [True, False, True]
    assert set(lines[0]) == {"record", "error"} and lines[0]["record"] == "nope.hea"
    assert len(err.splitlines()) == 2


@pytest.mark.parametrize(
    "argv, words",
    [
        (["measure", "nope.hea"], "does not exist"),
        (["info", "ECG", "--leads", "V9"], "no lead 'V9'"),
        (["info", "ECG", "--start", "20"], "lasts 10 s"),
        (["info", "ECG", "--start", "3", "--end", "2"], "empty"),
        (["info", "ECG", "--start", "soon"], "--start"),
        (["info", "ECG", "--units", "km"], "choose mV, uV or V"),
        (["info", "ECG", "--sampling-rate", "0"], "0 Hz"),
        (["info", "ECG", "--sampling-rate", "250"], "states 500 Hz"),
        (["info", "ECG", "--microvolts-per-step", "-1"], "positive"),
        (["info", "ECG", "--frequency", "1"], "--frequency"),
        (["info"], "RECORD"),
        (["draw", "ECG"], "draw"),
        (["locate", "ECG"], "--finding"),
        (["locate", "ECG", "--finding", "happiness"], "unknown finding 'happiness'"),
        (["ask", "ECG"], "--question"),
        (["ask", "ECG", "-q", " "], "question is empty"),
        (["compare", "ECG"], "at least two"),
        (["show", "ECG", "-o", "strip.txt"], ".png"),
        (["show", "ECG", "ECG", "-o", "strip.png"], "name a folder"),
        (["report", "ECG", "--checkpoint", "missing"], "no checkpoint"),
    ],
)
def test_wrong_input_ends_in_one_sentence(capsys, fake_chat, ecg, argv, words):
    code, out, err = run(
        capsys, *[ecg if arg == "ECG" else arg for arg in argv], *(["--json"] if len(argv) > 1 else [])
    )
    assert code == 2 and words in err and len(err.splitlines()) == 1
    assert all("error" in json.loads(line) for line in out.splitlines())


@pytest.mark.parametrize(
    "text", ["I\n" + "nan\n" * 9, "", "I\n", "# sampling_rate: 0\nI\n1\n", "# sampling_rate: nan\nI\n1\n"]
)
def test_records_without_samples_or_rate_are_told_in_one_sentence(capsys, tmp_path, text):
    (tmp_path / "bad.csv").write_text(text)
    code, out, err = run(capsys, "measure", tmp_path / "bad.csv", "--units", "mV", "--json")
    assert code == 2 and len(err.splitlines()) == 1 and set(json.loads(out)) == {"record", "error"}


def test_findings_load_the_model_once_and_print_strict_json(capsys, fake_chat, ecg, other):
    code, (row, second) = rows(capsys, "findings", ecg, other)
    assert code == 0 and next(fake_chat.loaded) == 1 and second["record"] == other
    assert row["findings"] == {"AFIB": 0.75, "NORM": None} and set(row) >= {"superclasses", "rhythms"}


def test_findings_are_ranked_for_people(capsys, fake_chat, ecg, monkeypatch):
    monkeypatch.setattr(FakeChat, "findings", lambda self, record: {
        "findings": {"NORM": 0.1, "AFIB": 0.8}, "superclasses": {"MI": 0.2}, "rhythms": {}, "abstained": False,
    })  # fmt: skip
    out = run(capsys, "findings", ecg)[1]
    assert out.index("AFIB") < out.index("NORM") and "0.800" in out and "MI" in out


def test_ask_and_report_give_the_documented_keys(capsys, fake_chat, ecg, other):
    keys = {"record", "answer", "evidence", "first_token_s", "total_s", "tokens"}
    _, (report,) = rows(capsys, "report", ecg)
    assert keys <= set(report) and report["answer"] == "Sinus rhythm."
    _, (answer,) = rows(capsys, "ask", ecg, other, "-q", "What changed?")
    assert keys <= set(answer) and answer["records"] == [ecg, other] and answer["question"] == "What changed?"
    _, (compared,) = rows(capsys, "compare", ecg, other)
    assert len(compared["evidence"]) == 2 and next(iter(compared)) == "record"


def test_text_is_streamed_with_its_contradictions_for_people(capsys, fake_chat, ecg):
    for argv in (["report", ecg], ["ask", ecg, "-q", "What is the rhythm?"]):
        code, out, err = run(capsys, *argv)
        assert code == 0 and out.count("Sinus rhythm.") == 1 and "It is not." in out and "qrs" in out
        assert "not a medical device" in err


@pytest.mark.parametrize("critical", [[], [{"ecg": 1, "sentence": "It is urgent."}]])
def test_a_piece_of_text_is_printed_before_the_next_one_is_there(capsys, fake_chat, ecg, monkeypatch, critical):
    from anyecg.answer import Answer

    printed = []

    def answers(self, records, question, **options):
        for text in ("", "Sinus", "Sinus rhythm."):
            yield Answer(text=text, critical=critical, total_s=0.1)
            printed.append(capsys.readouterr().out)

    monkeypatch.setattr(FakeChat, "stream", answers)
    run(capsys, "report", ecg)
    assert ("It is urgent." in printed[0]) == bool(critical) and printed[1:] == ["Sinus", " rhythm."]


def test_no_answer_is_given_when_one_of_several_records_is_missing(capsys, fake_chat, ecg):
    code, out, err = run(capsys, "ask", ecg, "nope.hea", "-q", "What changed?", "--json")
    assert code == 2 and json.loads(out)["record"] == "nope.hea" and len(err.splitlines()) == 1


def test_locate_gives_intervals(capsys, fake_chat, ecg):
    _, (row,) = rows(capsys, "locate", ecg, "--finding", "PVC")
    assert row["present"] is True and row["intervals"] == [{"start_s": 1.5, "end_s": 1.75, "leads": []}]
    assert "1.50" in run(capsys, "locate", ecg, "--finding", "PVC")[1]


def test_show_writes_images(capsys, tmp_path, ecg, other):
    from PIL import Image

    code, (row,) = rows(capsys, "show", ecg, "-o", tmp_path / "strip.png")
    with Image.open(tmp_path / "strip.png") as image:
        assert code == 0 and image.size == (row["width"], row["height"])
    code, _, _ = run(capsys, "show", "nope.hea", ecg, other, "-o", tmp_path / "strips")
    assert code == 2 and sorted(p.name for p in (tmp_path / "strips").iterdir()) == ["one.png", "two.png"]


def test_the_embedded_model_reports_and_finds(capsys, ecg):
    if not (EMBEDDED / "config.json").exists():
        pytest.skip("no embedded checkpoint in this checkout")
    code, (row,) = rows(capsys, "report", ecg)
    assert code == 0 and row["answer"] and 0 < row["first_token_s"] <= row["total_s"]
    code, (row,) = rows(capsys, "findings", ecg)
    assert code == 0 and set(row["superclasses"]) == {"NORM", "MI", "STTC", "CD", "HYP"}
    assert all(0 <= p <= 1 for p in row["findings"].values())


def test_a_comparison_shows_the_digits_that_a_unit_is_worth():
    from anyecg.cli_tables import change_cells

    row = {"values": [1.5241, None], "exceeds": [False, False], "unit": "mV"}
    assert change_cells(row) == ["1.52 mV", "–"]
    assert change_cells({"values": [141.4, -0.2], "exceeds": [False, True], "unit": "ms"}) == ["141 ms", "0 ms*"]
