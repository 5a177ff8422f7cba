"""The published tool validates PDF certificates through the explorer's `custom_api`."""

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash, hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.script import build_script, null_data_script, p2pkh_script
from ccxx_core.sighash import SIGHASH_ALL, legacy_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_regtest.node import RegtestNode
from ccxx_regtest.processes import Process, free_ports, program

TOOL = os.environ.get("CCXX_PDF_TOOL")
pytestmark = pytest.mark.skipif(
    TOOL is None, reason="CCXX_PDF_TOOL is not set: tests/clients/pdf_tool/README.md says how"
)

MATURITY = 10
ISSUER, STRANGER = (PrivateKey(sha256(name)) for name in (b"issuer", b"stranger"))
WRITE_PDF = Path(__file__).with_name("write_pdf.py")


def script_of(key: PrivateKey) -> bytes:
    """Return the script of somebody's address."""
    return p2pkh_script(hash160(key.public_key))


def address_of(key: PrivateKey) -> str:
    """Return somebody's address, which the tool takes for one of Bitcoin's test network."""
    return encode_address(script_of(key), REGTEST) or ""


@dataclass
class World:
    """A node, an explorer, and the folder of the published tool."""

    node: RegtestNode
    explorer: Process
    url: str
    folder: Path
    coins: dict[PrivateKey, list[tuple[OutPoint, int]]]

    def mine(self, count: int = 1) -> None:
        """Mine, and wait until the explorer follows."""
        self.node.mine(count, address_of(STRANGER))
        best = str(self.node.client.call("getbestblockhash"))
        self.explorer.wait_until(lambda: read(f"{self.url}/api/blocks/tip/hash") == best)

    def say(self, who: PrivateKey, message: bytes, *paid: TxOutput) -> str:
        """Let somebody write a message, in a block of its own; gives the transaction's id."""
        coin, value = self.coins[who].pop(0)
        rest = value - 10_000 - sum(output.value for output in paid)
        data = TxOutput(0, null_data_script(message))
        outputs = (TxOutput(rest, script_of(who)), data, *paid)
        tx = Transaction(1, (TxInput(coin),), outputs)
        digest = legacy_sighash(tx, 0, script_of(who), SIGHASH_ALL)
        script_sig = build_script(who.sign(digest) + bytes([SIGHASH_ALL]), who.public_key)
        signed = Transaction(1, (TxInput(coin, script_sig),), outputs)
        self.node.client.send(signed)
        self.coins[who].append((OutPoint(signed.txid, 0), rest))
        self.mine()
        return format_hash(signed.txid)

    def certificate(self, name: str) -> tuple[Path, bytes]:
        """Write a PDF without a receipt; gives it and what is to be issued."""
        path = self.folder / f"{name}.pdf"
        return path, bytes.fromhex(self.write(path))

    def write(self, path: Path, *more: str) -> str:
        """Write a PDF, or the receipt into it."""
        command = [f"{TOOL}/python", str(WRITE_PDF), str(path), address_of(ISSUER), *more]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def validate(self, path: Path) -> str:
        """Return what the tool says about a PDF."""
        service = {"custom_api": {"full_url": f"{self.url}/custom_api/address"}}
        services = {"bitcoin_testnet": {"services": [service], "required_successes": 1}}
        config = self.folder / "config.ini"
        config.write_text(f"blockchain_services = {json.dumps(services)}\nissuer_identifier = X\n")
        command = [f"{TOOL}/validate-certificates", "-c", str(config), "-f", str(path)]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout + done.stderr


def read(url: str) -> str | None:
    """Return what is at an address, None where there is nothing."""
    try:
        with urllib.request.urlopen(url, timeout=30) as reply:
            return str(reply.read().decode())
    except OSError:
        return None


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A chain on which the issuer and a stranger have coins."""
    options = (f"-testmaturity={MATURITY}",)
    with RegtestNode(tmp_path / "node", tmp_path / "node.log", options) as node:
        port = free_ports(1)[0]
        options = (f"--database={tmp_path / 'index.sqlite'}", f"--port={port}")
        command = [program("ccxx-explorer"), "serve", *options]
        explorer = Process("ccxx-explorer", command, tmp_path / "explorer.log", node.settings)
        try:
            node.mine(1, address_of(ISSUER))
            world = World(node, explorer, f"http://127.0.0.1:{port}", tmp_path, {})
            world.mine(MATURITY + 1)
            for who, height in ((ISSUER, 1), (STRANGER, 2)):
                coinbase = node.client.block(node.client.block_hash(height)).transactions[0]
                coin = (OutPoint(coinbase.txid, 0), coinbase.outputs[0].value)
                world.coins[who] = [coin]
            yield world
        finally:
            explorer.stop()


def issue(digest: bytes) -> bytes:
    """Return the message that issues one certificate."""
    return b"CRED\x00\x01\x00\x04" + b"ISSUER  " + digest


def revoke(txid: str) -> bytes:
    """Return the message that revokes a batch."""
    return b"CRED\x00\x01\x00\x08" + bytes.fromhex(txid)


def test_certificate_is_valid_though_a_stranger_revokes_it(world: World) -> None:
    path, digest = world.certificate("valid")
    txid = world.say(ISSUER, issue(digest))
    world.write(path, txid)
    world.say(STRANGER, revoke(txid), TxOutput(1_000, script_of(ISSUER)))

    assert "is valid!" in world.validate(path)


def test_certificate_that_its_issuer_revoked_is_not_valid(world: World) -> None:
    path, digest = world.certificate("revoked")
    txid = world.say(ISSUER, issue(digest))
    world.write(path, txid)
    world.say(ISSUER, revoke(txid))

    said = world.validate(path)

    assert "is _not_ valid!" in said
    assert "batch was revoked" in said


def test_certificate_that_a_stranger_issued_for_dust_is_not_valid(world: World) -> None:
    path, digest = world.certificate("forged")
    txid = world.say(STRANGER, issue(digest), TxOutput(1_000, script_of(ISSUER)))
    world.write(path, txid)

    said = world.validate(path)

    assert "is valid!" not in said
    assert "Txid for issuance not found" in said
