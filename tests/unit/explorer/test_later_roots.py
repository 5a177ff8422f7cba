"""An index whose anchor learns of a later root goes on in place, and equals a fresh one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ccxx_cert.records import RootMessage
from ccxx_cert.state import CreditKind
from ccxx_cert.template import message_output
from ccxx_cert.trust import RootDocument
from ccxx_core.hashes import hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.script import p2wpkh_script
from ccxx_core.transaction import TxOutput
from ccxx_explorer.database.schema import METADATA
from ccxx_explorer.database.store import Database
from ccxx_explorer.problems import ExplorerError

Places = Callable[[], Path | str]


def key(name: str) -> bytes:
    """Return the public key of a person."""
    return PrivateKey(sha256(name.encode())).public_key


def dump(database: Database) -> dict[str, list[Any]]:
    """Return every row of every table."""
    with database.read() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in METADATA.sorted_tables
        }


def rotate(chain: Any) -> RootDocument:
    """Grant, move the root to new keys, and grant again; gives the document of the new root."""
    chain.issue(chain.grant(), 1, "alice")
    script = p2wpkh_script(hash160(key("later root")))
    document = RootDocument(len(chain.blocks), script, key("later R"), key("later S"))
    coin = chain.coin(CreditKind.ROOT)
    message = message_output(RootMessage(document.document_hash, bytes(32), 1))
    chain.mine(chain.spend((coin.outpoint,), (TxOutput(coin.value, script), message)))
    chain.grant(code="LATER")
    for _ in range(3):
        chain.mine()
    return document


def test_index_is_judged_anew_from_the_first_message_of_the_later_root(
    any_chain: Any, places: Places
) -> None:
    chain = any_chain
    document = rotate(chain)
    before = chain.database.tip()
    chain.database.close()
    anchor = chain.anchor.extended(document)

    learned = Database.open(chain.path, REGTEST, anchor)
    left = learned.tip()
    assert before is not None and left is not None
    learned.connect_blocks(chain.blocks[left[0] + 1 :])

    fresh = Database.open(places(), REGTEST, anchor)
    fresh.connect_blocks(chain.blocks)
    assert left[0] == before[0] - 5
    assert dump(learned) == dump(fresh)
    learned.close()
    fresh.close()


def test_index_stays_as_it_is_where_no_message_names_the_later_root(any_chain: Any) -> None:
    chain = any_chain
    chain.issue(chain.grant(), 1, "alice")
    before = chain.database.tip()
    chain.database.close()
    document = RootDocument(9, p2wpkh_script(bytes(20)), key("later R"), key("later S"))
    anchor = chain.anchor.extended(document)

    learned = Database.open(chain.path, REGTEST, anchor)

    assert learned.tip() == before
    learned.close()
    with pytest.raises(ExplorerError, match="made with anchor"):
        Database.open(chain.path, REGTEST, replace(anchor, root_value=1))
    with pytest.raises(ExplorerError, match="made with anchor"):
        Database.open(chain.path, REGTEST, chain.anchor)
