"""Asking a co-signer service over HTTP for the signatures of R and S.

The service is not trusted with anything: what comes back is joined with what was sent, so another
transaction or a signature that does not fit is noticed. There are no redirects and no proxies: the
token goes to the address that was given and nowhere else.
"""

import http.client
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ccxx_cert.canonical import decode_json
from ccxx_core.errors import CcxxError, DecodeError
from ccxx_core.psbt import Psbt
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import read_file
from ccxx_wallet.session import combine

_SECONDS = 120
# How often to wait when it says that we ask too often.
_PATIENCE = 3
_LONGEST_WAIT = 60
_LARGEST_ANSWER = 64_000_000
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
PSBT_TYPE, JSON_TYPE = "application/octet-stream", "application/json"


class CosignerRefused(CcxxError):
    """The co-signer said no, with one of its reasons, or could not be asked."""

    def __init__(self, refusal: str, detail: str) -> None:
        super().__init__(f"the co-signer refuses ({refusal}): {detail}")
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class CosignerAddress:
    """Where a co-signer is, and how to show who asks; `certificate` is PEM with its key."""

    url: str
    token_file: Path
    ca_file: Path | None = None
    certificate: Path | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """The options of a command that asks it, for people to type again."""
        named = {
            "--cosigner": self.url,
            "--token-file": self.token_file,
            "--cosigner-ca": self.ca_file,
            "--client-certificate": self.certificate,
        }
        return tuple(str(word) for name, value in named.items() if value for word in (name, value))


class CosignerClient:
    """A co-signer at an address; every call opens a connection of its own."""

    def __init__(
        self, address: CosignerAddress, wait: Callable[[float], None] = time.sleep
    ) -> None:
        """Read the token; raises WalletError where address or token file cannot be used."""
        self.options = address.options
        self._url = _parse_url(address.url)
        token = read_file(address.token_file, limit=4_096).decode(errors="replace").strip()
        if not token.isascii() or not token.isprintable() or not token:
            raise WalletError(Refusal.BAD_FILE, f"{address.token_file} holds no token")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._context = _context(address) if self._url.scheme == "https" else None
        self._wait = wait

    def check(self, psbt: Psbt) -> dict[str, Any]:
        """Ask what it would sign; raises CosignerRefused where it would not."""
        facts = self._post("/v1/check", psbt.encode(), PSBT_TYPE)
        if facts.get("would_sign") is not True:
            raise CosignerRefused(str(facts.get("error")), str(facts.get("detail")))
        return facts

    def sign(self, psbt: Psbt) -> tuple[Psbt, dict[str, Any]]:
        """Return a PSBT with the co-signer's signatures added, and the rest of its answer."""
        facts = self._post("/v1/sign", psbt.encode(), PSBT_TYPE)
        try:
            answered = Psbt.decode(str(facts.pop("psbt", "")))
        except DecodeError as error:
            raise CosignerRefused("bad-answer", f"its answer is no PSBT: {error}") from error
        return combine([psbt, answered]), facts

    def approve(self, permit: Psbt | str) -> dict[str, Any]:
        """Approve a permit as an officer: a draft, or the id of one on the chain."""
        return self._post("/v1/approve", *_permit_body(permit))

    def consider(self, permit: Psbt | str) -> dict[str, Any]:
        """Show an officer what would be approved."""
        return self._post("/v1/approve/check", *_permit_body(permit))

    def _post(self, path: str, body: bytes, kind: str) -> dict[str, Any]:
        status, facts, seconds = self._ask(path, body, kind)
        for _ in range(_PATIENCE):
            if status != 429:
                break
            self._wait(min(seconds, _LONGEST_WAIT))
            status, facts, seconds = self._ask(path, body, kind)
        if status == 200:
            return facts
        raise CosignerRefused(str(facts.get("error")), str(facts.get("detail")))

    def _ask(self, path: str, body: bytes, kind: str) -> tuple[int, dict[str, Any], int]:
        connection = self._connect()
        try:
            headers = {**self._headers, "Content-Type": kind}
            connection.request("POST", self._url.path.rstrip("/") + path, body, headers)
            answer = connection.getresponse()
            raw = answer.read(_LARGEST_ANSWER)
            facts = decode_json(raw)
            retry_after = answer.getheader("Retry-After", "1")
        except (OSError, http.client.HTTPException) as error:
            raise CosignerRefused(
                "cosigner-unavailable",
                f"{self._url.netloc} does not answer ({str(error).lower()}); try again: what it"
                " may have signed is not counted twice",
            ) from error
        except (DecodeError, ValueError) as error:
            raise CosignerRefused(
                "bad-answer", f"{self._url.netloc} is no co-signer; check the address"
            ) from error
        finally:
            connection.close()
        if not isinstance(facts, dict):
            raise CosignerRefused("bad-answer", f"{self._url.netloc} is no co-signer")
        return answer.status, facts, int(retry_after) if retry_after.isdecimal() else 1

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._context is None:
            return http.client.HTTPConnection(host, port, timeout=_SECONDS)
        return http.client.HTTPSConnection(host, port, timeout=_SECONDS, context=self._context)


def _permit_body(permit: Psbt | str) -> tuple[bytes, str]:
    if isinstance(permit, Psbt):
        return permit.encode(), PSBT_TYPE
    return json.dumps({"permit": permit}).encode(), JSON_TYPE


def _parse_url(text: str) -> SplitResult:
    url = urlsplit(text)
    try:
        is_whole = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or url.username or url.query or url.fragment:
        raise WalletError(
            Refusal.BAD_FILE, "--cosigner is no address such as https://cosigner.example:8572"
        )
    if url.scheme == "http" and url.hostname not in _LOOPBACK:
        raise WalletError(
            Refusal.BAD_FILE, "--cosigner is http: the token would travel in the clear; use https"
        )
    return url


def _context(address: CosignerAddress) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=address.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if address.certificate is not None:
            context.load_cert_chain(address.certificate)
    except (OSError, ssl.SSLError) as error:
        raise WalletError(Refusal.BAD_FILE, f"the TLS files cannot be used: {error}") from error
    return context
