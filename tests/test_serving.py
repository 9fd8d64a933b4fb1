"""The page for several people: login, limits, and nothing about patients in the logs."""

import logging
import os
import stat
import urllib.error
import urllib.parse
import urllib.request

import pytest
from fake_chat import FakeChat
from page_fixtures import served
from test_session import make_record

from app.__main__ import main
from app.access import Accounts, add_user
from app.serve import Options, launch


@pytest.fixture
def auth_file(tmp_path):
    path = tmp_path / "users.txt"
    add_user(path, "nurse", "a long password")
    return path


def test_only_the_right_password_of_a_known_name_lets_in(auth_file):
    accounts = Accounts.read(auth_file)
    assert accounts.allow("nurse", "a long password")
    assert not accounts.allow("nurse", "another password")
    assert not accounts.allow("doctor", "a long password")
    assert not accounts.allow("doctor", "")


def test_the_file_holds_no_password_and_only_its_owner_can_read_it(auth_file):
    assert "long" not in auth_file.read_text()
    assert stat.S_IMODE(auth_file.stat().st_mode) == 0o600


def test_a_person_can_be_given_another_password_beside_others(auth_file):
    add_user(auth_file, "doctor", "correct horse")
    add_user(auth_file, "nurse", "battery staple")
    accounts = Accounts.read(auth_file)
    assert set(accounts.hashes) == {"doctor", "nurse"}
    assert accounts.allow("nurse", "battery staple") and not accounts.allow("nurse", "a long password")
    assert accounts.allow("doctor", "correct horse")


@pytest.mark.parametrize(
    ("name", "password", "said"),
    [("a:b", "long enough", "without ':'"), ("", "long enough", "cannot be used"), ("a", "short", "at least 10")],
)
def test_a_bad_name_or_password_is_refused(tmp_path, name, password, said):
    with pytest.raises(ValueError, match=said):
        add_user(tmp_path / "users.txt", name, password)


@pytest.mark.parametrize("content", [None, "", "nurse:password\n", "nurse\n"])
def test_an_auth_file_that_is_none_says_the_way_out(tmp_path, content):
    path = tmp_path / "users.txt"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValueError, match="--add-user"):
        Accounts.read(path)


def test_a_person_is_added_from_the_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("getpass.getpass", lambda prompt: "a long password")
    main(["--auth-file", str(tmp_path / "users.txt"), "--add-user", "nurse"])
    assert Accounts.read(tmp_path / "users.txt").allow("nurse", "a long password")
    assert "nurse can log in" in capsys.readouterr().out


def test_a_bad_auth_file_stops_the_command_before_the_model_is_loaded(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    for arguments in (["--auth-file", str(tmp_path / "none.txt")], ["--add-user", "nurse"], ["--queue", "0"]):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "cannot be read" in said and "give --auth-file" in said and "from 1 on" in said


@pytest.fixture
def address(auth_file, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    with served(FakeChat(), Options(accounts=Accounts.read(auth_file), max_upload_mb=1)) as address:
        yield address


def post(opener, url, fields):
    return opener.open(url, urllib.parse.urlencode(fields).encode(), timeout=60).status


def test_without_a_login_neither_page_nor_uploads_are_served(address):
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    for path in ("/config", "/gradio_api/info", "/gradio_api/queue/status"):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            opener.open(address + path, timeout=60)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        opener.open(urllib.request.Request(address + "/gradio_api/upload", b"x", method="POST"), timeout=60)
    with pytest.raises(urllib.error.HTTPError, match="400"):
        post(opener, address + "/login", {"username": "nurse", "password": "wrong password"})
    assert post(opener, address + "/login", {"username": "nurse", "password": "a long password"}) == 200
    assert opener.open(address + "/config", timeout=60).status == 200


def test_listening_for_others_without_a_login_is_warned_of(caplog, monkeypatch):
    class Demo:
        def queue(self, **_):
            return self

        def launch(self, **options):
            self.options = options

    demo = Demo()
    monkeypatch.setattr("app.serve.build_demo", lambda *_, **__: demo)
    with caplog.at_level(logging.WARNING):
        launch(FakeChat(), Options(host="0.0.0.0", max_upload_mb=7))
    assert "without a login" in caplog.text
    assert demo.options["max_file_size"] == "7mb"
    caplog.clear()
    launch(FakeChat(), Options(host="0.0.0.0", accounts=Accounts({"a": "b"})))
    assert not caplog.text


def test_no_name_of_a_patient_reaches_the_logs(capfd, caplog, tmp_path):
    from app.session import Session, take_records, take_turn
    from app.uploads import Uploads

    wrong = tmp_path / "Mustermann.csv"
    wrong.write_text("not an ECG\n")
    session = Session(Uploads(tmp_path))
    with caplog.at_level(logging.DEBUG):
        list(take_records(FakeChat(), session, "How is Mustermann?", [make_record("Mustermann")]))
        list(take_turn(FakeChat(), session, "And Mustermann?", [wrong]))
    out, err = capfd.readouterr()
    assert "Mustermann" not in caplog.text + out + err
