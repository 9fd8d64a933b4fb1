"""Downloads are checked, go on where they stopped, and say what is wrong; the server is one of the test's own."""

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from data_builders import download as downloads
from data_builders.__main__ import main
from data_builders.download import DownloadError, download

FILES = {"100.hea": b"100 2 360 650000\n", "100.dat": bytes(range(256)) * 400, "notes/read me.txt": b"hello"}


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder, with the byte ranges that a download goes on with."""

    asked: ClassVar[list] = []

    def do_GET(self):
        start = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-")
        Handler.asked.append((self.path, int(start)))
        if start == "0" or not (path := self.translate_path(self.path)):
            return super().do_GET()
        with open(path, "rb") as file:
            rest = file.read()[int(start) :]
        self.send_response(206 if rest else 416)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The address of a server with one project, ludb/1.0.1, and the folder that it serves."""
    monkeypatch.setattr(downloads.time, "sleep", lambda _: None)
    Handler.asked = []
    root = tmp_path / "served" / "ludb" / "1.0.1"
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    write_sums(root, FILES)
    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "served")))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}", root
    http.shutdown()


def write_sums(root, files):
    lines = [f"{hashlib.sha256(content).hexdigest()} {name}" for name, content in files.items()]
    (root / downloads.SUMS).write_text("\n".join(lines) + "\n")


def test_every_file_arrives_and_a_second_run_fetches_nothing(server, tmp_path):
    out, steps = tmp_path / "out", []
    done = download("ludb", out, base=server[0], on_progress=lambda n, total: steps.append((n, total)))
    assert (done.fetched, done.there_already) == (3, 0) and steps[-1] == (3, 3)
    assert all((out / name).read_bytes() == content for name, content in FILES.items())
    assert not list(out.rglob("*.part"))
    again = download("ludb", out, base=server[0])
    assert (again.fetched, again.there_already) == (0, 3)


def test_an_interrupted_file_goes_on_where_it_stopped(server, tmp_path):
    write_sums(server[1], {"100.dat": FILES["100.dat"]})
    (tmp_path / "100.dat.part").write_bytes(FILES["100.dat"][:50_000])
    download("ludb", tmp_path, base=server[0])
    assert (tmp_path / "100.dat").read_bytes() == FILES["100.dat"]
    assert ("/ludb/1.0.1/100.dat", 50_000) in Handler.asked


def test_a_damaged_rest_is_thrown_away_and_fetched_anew(server, tmp_path):
    write_sums(server[1], {"100.dat": FILES["100.dat"]})
    (tmp_path / "100.dat.part").write_bytes(b"x" * 50_000)
    download("ludb", tmp_path, base=server[0])
    assert (tmp_path / "100.dat").read_bytes() == FILES["100.dat"]


def test_a_file_that_is_not_what_the_list_says_is_refused(server, tmp_path):
    write_sums(server[1], {"100.dat": b"something else"})
    with pytest.raises(DownloadError, match=r"100\.dat does not have the checksum"):
        download("ludb", tmp_path, base=server[0])
    assert not (tmp_path / "100.dat").exists()


def test_a_missing_file_is_told_at_once(server, tmp_path):
    write_sums(server[1], {"200.dat": b""})
    with pytest.raises(DownloadError, match=r"200\.dat cannot be fetched: File not found; run the command again"):
        download("ludb", tmp_path, base=server[0])
    assert len([path for path, _ in Handler.asked if path.endswith("200.dat")]) == 1


@pytest.mark.parametrize("name", ["../evil.dat", "/etc/evil", "a/../../evil"])
def test_a_list_that_leads_out_of_the_folder_is_refused(server, tmp_path, name):
    write_sums(server[1], {name: b""})
    with pytest.raises(DownloadError, match="a line that is none"):
        download("ludb", tmp_path, base=server[0])


def test_a_database_behind_an_account_says_where_to_ask(tmp_path, capsys):
    assert main(["download", "--source", "mimic-iv-ecg", "--directory", str(tmp_path)]) == 2
    assert "without an account; see https://physionet.org/content/mimic-iv-ecg/" in capsys.readouterr().err
