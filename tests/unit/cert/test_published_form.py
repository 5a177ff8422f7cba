"""The published form of the protocol names what the code does."""

from pathlib import Path

import pytest

from ccxx_cert.errors import Refusal
from ccxx_cert.records import Op

PAGE = (Path(__file__).parents[3] / "docs" / "certificate-protocol.md").read_text("utf-8")


@pytest.mark.parametrize("refusal", list(Refusal))
def test_every_refusal_is_explained(refusal: Refusal) -> None:
    assert f"`{refusal}`" in PAGE


@pytest.mark.parametrize("op", list(Op))
def test_every_op_is_in_the_table(op: Op) -> None:
    assert f"| {op.value:02x} | {op.name} |" in PAGE
