"""Who may log in: a file with a name and a salted password hash (scrypt) per line."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path

LEAST_LENGTH = 10
"""Characters of a password."""
_NOBODY = "00" * 16 + "$" + "00" * 64


@dataclass(frozen=True)
class Accounts:
    """The names and hashes of an auth file."""

    hashes: dict[str, str]
    """Name → "salt$hash", both hexadecimal."""

    @classmethod
    def read(cls, path: Path) -> Accounts:
        """Read an auth file.

        Raises:
            ValueError: if it cannot be read, is empty, or a line is not "name:salt$hash".
        """
        way_out = "add people with: python -m app --auth-file FILE --add-user NAME"
        try:
            lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"the auth file {path} cannot be read ({error}); {way_out}.") from None
        hashes = {}
        for number, line in enumerate(lines, start=1):
            if not line or line.startswith("#"):
                continue
            name, colon, stored = line.rpartition(":")
            if not (name and colon and _is_hash(stored)):
                raise ValueError(f"line {number} of the auth file {path} is not NAME:SALT$HASH; {way_out}.")
            hashes[name] = stored
        if not hashes:
            raise ValueError(f"the auth file {path} names nobody; {way_out}.")
        return cls(hashes)

    def allow(self, name: str, password: str) -> bool:
        """Whether the password is that of this name; an unknown name takes as long as a wrong password."""
        salt, _, expected = self.hashes.get(name, _NOBODY).partition("$")
        found = _hash(password, bytes.fromhex(salt))
        return hmac.compare_digest(found, bytes.fromhex(expected)) and name in self.hashes


def add_user(path: Path, name: str, password: str) -> None:
    """Add somebody to an auth file, or give them another password; only the file's owner can open it.

    Raises:
        ValueError: if the name has a colon or a line break, or the password is too short.
    """
    if not name.strip() or any(c in name for c in ":\r\n") or name.startswith("#"):
        raise ValueError(f"the name {name!r} cannot be used; choose one without ':' that does not begin with '#'.")
    if len(password) < LEAST_LENGTH:
        raise ValueError(f"the password has {len(password)} characters; choose at least {LEAST_LENGTH}.")
    others = (
        [line for line in path.read_text(encoding="utf-8").splitlines() if line.rpartition(":")[0] != name]
        if path.exists()
        else []
    )
    salt = os.urandom(16)
    lines = [*others, f"{name}:{salt.hex()}${_hash(password, salt).hex()}"]
    fresh = path.with_name(path.name + ".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    os.replace(fresh, path)


def _hash(password: str, salt: bytes) -> bytes:
    """scrypt with the cost that OWASP's password storage cheat sheet gives for 16 MiB."""
    return hashlib.scrypt(password.encode("utf-8"), salt=salt, n=2**14, r=8, p=5, maxmem=2**26)


def _is_hash(text: str) -> bool:
    salt, _, stored = text.partition("$")
    try:
        return len(bytes.fromhex(salt)) == 16 and len(bytes.fromhex(stored)) == 64
    except ValueError:
        return False
