"""Fixtures that every test may ask for."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings

from ccxx_cert.vpdf import PdfForm
from ccxx_regtest.postgresql import PostgresServer, why_not

# Nothing here asks a stranger over TLS, and to read whom the system trusts delays every program.
os.environ.setdefault("SSL_CERT_FILE", os.devnull)

ROOT = Path(__file__).resolve().parent.parent

# A law holds on a busy machine too: how long an example took says nothing about it.
settings.register_profile("ccxx", deadline=None)
settings.load_profile("ccxx")

# A shell starts its background jobs deaf to Ctrl-C, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Folder of recorded vectors, from CCXX_VECTORS or beside the checkout."""
    folder = Path(os.environ.get("CCXX_VECTORS") or ROOT.parent / "shared" / "vectors")
    if not folder.is_dir():
        pytest.skip(f"no recorded vectors at {folder}: set CCXX_VECTORS to their folder")
    return folder


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """A PostgreSQL server of our own, for tests that make a database each."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def written_pdf() -> Callable[[Mapping[str, str | int]], bytes]:
    """Give a function that writes a small PDF; texts and numbers go into its information."""
    start = b"%PDF-1.3\n%\xe2\xe3\xcf\xd3\n"
    content = b"<</Length 44>>\nstream\nBT /F 24 Tf 40 90 Td (A certificate) Tj ET      \nendstream"
    bodies = (
        b"<</Pages 3 0 R /Type /Catalog>>",
        b"<</Count 1 /Kids [4 0 R] /Type /Pages>>",
        b"<</Contents 5 0 R /MediaBox [0 0 300 144] /Parent 3 0 R /Type /Page>>",
        content,
    )
    tail, behind = b"\nendobj\n", []
    for number, body in enumerate(bodies, 2):
        behind.append(len(tail))
        tail += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    trailer = b"<</Info 1 0 R /Root 2 0 R /Size 6>>"

    def write(texts: Mapping[str, str | int]) -> bytes:
        form = PdfForm(start + b"1 0 obj\n", (), tail, (len(start),), tuple(behind), trailer)
        for key, text in texts.items():
            if isinstance(text, str):
                form = form.with_text(f"/{key}".encode(), text)
            else:
                items = (*form.info, (f"/{key}".encode(), b"%d" % text))
                form = replace(form, info=tuple(sorted(items)))
        return form.encode()

    return write
