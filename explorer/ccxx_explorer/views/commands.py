"""Commands by which anybody checks a certificate without this explorer.

Each works as it stands after the preparation that the page names: a node of the same network,
whose data folder is in `CCXX_DATADIR`, and a wallet. `FILE` stands for a document that the reader
has.
"""

from __future__ import annotations

from collections.abc import Iterator

from ccxx_cert.identity import format_outpoint
from ccxx_core.hashes import format_hash
from ccxx_core.network import Network
from ccxx_explorer.facts import CommandFacts
from ccxx_explorer.language import say
from ccxx_explorer.views.checks import CertificateRows

# What stands for a file of the reader's own.
FILE = "FILE"


def certificate_commands(rows: CertificateRows, network: Network) -> tuple[CommandFacts, ...]:
    """List the commands for one certificate."""
    return (*_wallet_commands(rows), *_node_commands(rows, network))


def _wallet_commands(rows: CertificateRows) -> Iterator[CommandFacts]:
    id = format_outpoint(rows.certificate.id)
    yield CommandFacts(
        say("Its status, holder and whole life, worked out by your own wallet and node:"),
        f"ccxx-holder show {id}",
    )
    if rows.document is not None:
        name = rows.document.name
        yield CommandFacts(
            say("Fetch its document from the chain:"),
            f"ccxx-holder document fetch {id} --store chain --out {name}",
        )
        yield CommandFacts(
            say("Is it this document, and is the certificate valid?"),
            f"ccxx-holder certificate check {id} {name}",
        )
    elif rows.certificate.batch is not None and rows.certificate.doc_hash is None:
        yield CommandFacts(
            say(
                "Is it your document (%(file)s), and is the certificate valid? Its proof, such as"
                " diploma.proof.json for diploma.json, is found beside it.",
                file=FILE,
            ),
            f"ccxx-holder certificate check {id} {FILE}",
        )
    else:
        yield CommandFacts(
            say("Is it your document (%(file)s), and is the certificate valid?", file=FILE),
            f"ccxx-holder certificate check {id} {FILE}",
        )


def _node_commands(rows: CertificateRows, network: Network) -> Iterator[CommandFacts]:
    certificate = rows.certificate
    chain = "" if network.chain == "main" else f" -chain={network.chain}"
    cli = f'ccxx-cli{chain} -datadir="$CCXX_DATADIR"'
    txid, block = format_hash(certificate.id.txid), format_hash(rows.issue_block)
    yield CommandFacts(
        say("The transaction that issued it, from your own node:"),
        f"{cli} getrawtransaction {txid} true {block}",
    )
    yield CommandFacts(
        say("The proof that it is in its block:"),
        f"{cli} gettxoutproof '[\"{txid}\"]' {block}",
    )
    if certificate.location is not None:
        at = certificate.location
        yield CommandFacts(
            say("Its coin: it answers nothing once the certificate has moved."),
            f"{cli} gettxout {format_hash(at.txid)} {at.vout}",
        )
