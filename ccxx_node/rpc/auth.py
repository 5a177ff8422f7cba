"""Who may call: the cookie, `rpcuser` with `rpcpassword`, and salted `rpcauth` lines."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COOKIE_USER = "__cookie__"


@dataclass(frozen=True, slots=True)
class SaltedUser:
    """One `rpcauth` line: the password is kept as HMAC-SHA256 keyed with a salt."""

    name: str
    salt: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> SaltedUser | None:
        """Read `user:salt$digest`; None if the text has another form."""
        name, colon, rest = text.partition(":")
        salt, dollar, digest = rest.partition("$")
        return cls(name, salt, digest) if colon and dollar else None

    def accepts(self, name: str, password: str) -> bool:
        """Tell whether name and password are this user's."""
        made = hmac.new(self.salt.encode(), password.encode(), "sha256").hexdigest()
        return _same(self.name, name) & _same(self.digest, made)


class Authenticator:
    """Knows all accepted credentials."""

    def __init__(self, plain: Sequence[str], salted: Sequence[SaltedUser]) -> None:
        """`plain` holds `user:password` texts."""
        self._plain = tuple(plain)
        self._salted = tuple(salted)

    def user_of(self, header: str | None) -> str | None:
        """Return whom an `Authorization` header lets in; None if its sender stays out."""
        if header is None or not header.startswith("Basic "):
            return None
        try:
            given = base64.b64decode(header[6:].strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            return None
        name, colon, password = given.partition(":")
        # All are compared, so that the time it takes tells nothing.
        is_plain = any([_same(known, given) for known in self._plain])
        is_salted = any([user.accepts(name, password) for user in self._salted])
        return name if colon and (is_plain or is_salted) else None


def write_cookie(path: Path) -> str:
    """Write a fresh secret that only this system user can read; return `user:secret`."""
    credentials = f"{COOKIE_USER}:{secrets.token_hex(32)}"
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".tmp")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(credentials)
    fresh.replace(path)
    return credentials


def _same(known: str, given: str) -> bool:
    return hmac.compare_digest(known.encode(), given.encode())
