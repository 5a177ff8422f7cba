"""Documents in stores: a folder, a web server, and one with the shape of IPFS's HTTP API.

Both servers are small ones of our own. The second is no IPFS: it answers `add` and `cat` as Kubo
does for content of one block.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ccxx_core.hashes import sha256
from ccxx_wallet.document_stores import MOST_BYTES, fetch
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.store_option import parse_store
from ccxx_wallet.web_stores import content_id

Town = Any
Person = Any
DOCUMENT = b'{"name":"document"}'
DIGEST = sha256(DOCUMENT)
Reply = tuple[int, bytes, dict[str, str]]
# Asked with method, target and body.
Answer = Callable[[str, str, bytes], Reply]


@contextmanager
def served(answer: Answer) -> Iterator[str]:
    """Serve a function at a free port of this machine; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Transfer-Encoding") == "chunked":
                body = b"".join(self._chunks())
            status, content, headers = answer(self.command, self.path, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _chunks(self) -> Iterator[bytes]:
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        do_GET = do_PUT = do_POST = _reply

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Files:
    """A store that keeps what is put and gives it back."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def __call__(self, method: str, target: str, body: bytes) -> Reply:
        """Answer PUT and GET."""
        if method == "PUT":
            self.kept[target] = body
            return 201, b"", {}
        found = self.kept.get(target)
        return (404, b"", {}) if found is None else (200, found, {})


class IpfsShaped:
    """`add` and `cat` as IPFS's HTTP API has them, for content of one block."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def __call__(self, method: str, target: str, body: bytes) -> Reply:
        """Answer POST only, as Kubo does."""
        parts = urlsplit(target)
        asked = parse_qs(parts.query)
        if method != "POST":
            return 405, b"405 - Method Not Allowed", {}
        if parts.path == "/api/v0/add":
            content = _first_part(body)
            digest = hashlib.sha256(content).digest()
            cid = "b" + base64.b32encode(b"\x01\x55\x12\x20" + digest).decode().lower().rstrip("=")
            self.kept[cid] = content
            facts = {"Name": "file", "Hash": cid, "Size": str(len(content))}
            return 200, json.dumps(facts).encode() + b"\n", {"Content-Type": "application/json"}
        if parts.path == "/api/v0/cat" and asked["arg"][0] in self.kept:
            return 200, self.kept[asked["arg"][0]][: int(asked["length"][0])], {}
        return 500, b'{"Message":"block was not found locally","Code":0,"Type":"error"}', {}


def _first_part(body: bytes) -> bytes:
    """Return the content of the first part of a multipart body."""
    boundary = body[: body.index(b"\r\n")]
    content = body[body.index(b"\r\n\r\n") + 4 :]
    return content[: content.index(b"\r\n" + boundary)]


@pytest.fixture
def files() -> Iterator[tuple[Files, str]]:
    """A store over HTTP and its address."""
    store = Files()
    with served(store) as address:
        yield store, address


@pytest.fixture(scope="module")
def certificate(town: Town, issuer: Person, holder: Person) -> str:
    """A certificate whose document its issuer keeps."""
    return town.issue(issuer, holder.do("key", "new")["holder_key"], 800)


def fetched(address: str) -> bytes:
    """Fetch the document from a store at an address."""
    store = parse_store(address)
    assert store is not None
    return fetch(store, DIGEST)


def address_of(kind: str, url: str, tmp_path: Path) -> str:
    return {"folder": f"folder:{tmp_path / 'store'}", "http": url, "ipfs": f"ipfs:{url}"}[kind]


@pytest.mark.parametrize("kind", ["folder", "http", "ipfs"])
def test_what_an_issuer_publishes_a_holder_fetches(
    issuer: Person, holder: Person, certificate: str, tmp_path: Path, kind: str
) -> None:
    server = IpfsShaped() if kind == "ipfs" else Files()
    with served(server) as url:
        store = address_of(kind, url, tmp_path)
        given = issuer.do("document", "publish", certificate, "--store", store)

        out = tmp_path / "fetched.json"
        got = holder.do("document", "fetch", certificate, "--store", store, "--out", out)

    assert given["place"]
    assert got["document_hash"] == given["document_hash"] == sha256(out.read_bytes()).hex()
    assert holder.run("certificate", "check", certificate, out).facts["matches"] is True


def test_the_hash_decides_whatever_a_store_says(
    issuer: Person, holder: Person, certificate: str, tmp_path: Path
) -> None:
    store = f"folder:{tmp_path}"
    issuer.do("document", "publish", certificate, "--store", store)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes().replace(b"document", b"Document"))
    out = tmp_path / "out.json"

    refused = holder.refused("document", "fetch", certificate, "--store", store, "--out", out)

    assert refused.facts["error"] == "wrong-document"
    assert not out.exists()


def test_a_document_that_the_chain_does_not_know_is_not_published(
    issuer: Person, tmp_path: Path
) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"name":"another"}')
    store = tmp_path / "store"

    refused = issuer.refused("document", "publish", other, "--store", f"folder:{store}")

    assert refused.facts["error"] == "wrong-document"
    assert not store.exists()


@pytest.mark.usefixtures("certificate")
def test_any_layout_of_a_document_is_published_in_its_one_form(
    town: Town, issuer: Person, tmp_path: Path
) -> None:
    pretty = tmp_path / "pretty.json"
    pretty.write_text(json.dumps(json.loads(town.document().read_text()), indent=8))
    store = tmp_path / "store"

    issuer.do("document", "publish", pretty, "--store", f"folder:{store}")

    (kept,) = store.iterdir()
    assert sha256(kept.read_bytes()).hex() == kept.name


def test_a_dry_run_gives_nothing_away(issuer: Person, certificate: str, tmp_path: Path) -> None:
    store = tmp_path / "store"

    issuer.do("document", "publish", certificate, "--store", f"folder:{store}", "--dry-run")

    assert not store.exists()


def test_a_type_definition_is_published_by_its_permit(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    (permit, *_) = town.root.do("permit", "list")["permits"]
    store = f"folder:{tmp_path / 'store'}"
    town.root.do("document", "publish", permit["id"], "--store", store)

    out = tmp_path / "type.json"
    got = holder.do("document", "fetch", permit["id"], "--store", store, "--out", out)

    assert got["kind"] == "type-definition"
    assert json.loads(out.read_text())["code"] == permit["code"]


def test_nothing_comes_of_a_hash_that_nobody_keeps(files: tuple[Files, str]) -> None:
    for store in (files[1], f"ipfs:{files[1]}"):
        with pytest.raises(WalletError) as error:
            fetched(store)
        assert error.value.refusal in (Refusal.NO_DOCUMENT, Refusal.STORE_FAILED)


def test_an_answer_without_end_is_cut_off() -> None:
    with (
        served(lambda *_: (200, bytes(MOST_BYTES + 1), {})) as url,
        pytest.raises(WalletError) as error,
    ):
        fetched(url)

    assert error.value.refusal is Refusal.STORE_FAILED
    assert "longer" in error.value.detail


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "https://127.0.0.1/"]
)
def test_a_redirect_to_another_scheme_is_not_followed(target: str) -> None:
    with (
        served(lambda *_: (302, b"", {"Location": target})) as url,
        pytest.raises(WalletError) as error,
    ):
        fetched(url)

    assert error.value.refusal is Refusal.STORE_FAILED
    assert "redirects" in error.value.detail


def test_a_redirect_to_another_place_is_followed_and_its_content_hashed() -> None:
    def answer(_: str, target: str, __: bytes) -> Reply:
        is_moved = target.startswith("/new/")
        return (200, DOCUMENT, {}) if is_moved else (307, b"", {"Location": "/new" + target})

    with served(answer) as url:
        assert fetched(url) == DOCUMENT


def test_redirects_in_a_circle_end() -> None:
    with (
        served(lambda *_: (302, b"", {"Location": "/again"})) as url,
        pytest.raises(WalletError) as error,
    ):
        fetched(url)

    assert error.value.refusal is Refusal.STORE_FAILED


def test_a_store_that_is_not_there_is_one_line() -> None:
    with served(Files()) as url:
        pass

    with pytest.raises(WalletError) as error:
        fetched(url)

    assert error.value.refusal is Refusal.STORE_FAILED


@pytest.mark.parametrize(
    "answer", [b'{"Hash":"' + content_id(bytes(32)).encode() + b'"}', b"[" * 60_000, b"\xff"]
)
def test_an_ipfs_that_names_content_wrongly_is_found_out(answer: bytes) -> None:
    with served(lambda *_: (200, answer, {})) as url:
        store = parse_store(f"ipfs:{url}")
        assert store is not None
        with pytest.raises(WalletError) as error:
            store.put(DIGEST, DOCUMENT)

    assert error.value.refusal is Refusal.STORE_FAILED


def test_a_hash_has_the_name_that_ipfs_gives_its_content() -> None:
    # As `ipfs add --cid-version 1 --raw-leaves` prints for the five bytes of "hello".
    name = "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"

    assert content_id(sha256(b"hello")) == name


@pytest.mark.parametrize(
    "store",
    [
        "", "folder:", "ftp://x/", "http://store.example/", "https://user:word@store.example/",
        "https://store.example/?token=1", "https://", "ipfs:", "ipfs:http://store.example:5001",
        "http://127.0.0.1:99999/", "https://[::1", "https://:word@store.example/",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_meant_is_refused(store: str) -> None:
    with pytest.raises(WalletError) as error:
        parse_store(store)

    assert error.value.refusal is Refusal.BAD_FILE
