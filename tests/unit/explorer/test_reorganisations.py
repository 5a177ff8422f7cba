"""Reorganisations of every depth to 40: the index is the one that a fresh reading gives."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from ccxx_cert.records import ExpiryKind, RevocationReason
from ccxx_cert.revocation import WHOLE
from ccxx_cert.state import Certificate, Permit
from ccxx_core.hashes import sha256
from ccxx_core.network import REGTEST
from ccxx_core.transaction import OutPoint
from ccxx_explorer.database import holdings
from ccxx_explorer.database.rows import NewBlock
from ccxx_explorer.database.schema import METADATA
from ccxx_explorer.database.store import Database
from ccxx_explorer.database.whole_state import registry_hash

DEPTHS = 40
EVERY = 10_000
TABLES = [table for table in METADATA.sorted_tables if table.name != "meta"]
Tables = dict[str, list[tuple[Any, ...]]]
REASONS = [RevocationReason.HOLD, RevocationReason.SUPERSEDED, RevocationReason.KEY_COMPROMISE]


class Storyteller:
    """Lets something happen in block after block, and can go back to an older block."""

    def __init__(self, chain: Any, seed: int) -> None:
        self.chain = chain
        self._random = random.Random(seed)
        self._coins = {len(chain.blocks): list(chain.plain)}
        self._used = 0

    def tell(self, blocks: int) -> None:
        """Let things happen in at least so many blocks."""
        end = len(self.chain.blocks) + blocks
        self._act(self._grant)
        while len(self.chain.blocks) < end:
            actions = (
                self._grant,
                self._issue,
                self._issue,
                self._batch,
                self._transfer,
                self._transfer,
                self._revoke,
                self._revoke,
                self._chat,
            )
            self._act(self._random.choice(actions))

    def go_back(self, depth: int) -> None:
        """Disconnect so many blocks, and have the coins of that moment again."""
        for _ in range(depth):
            self.chain.disconnect()
        height = max(each for each in self._coins if each <= len(self.chain.blocks))
        self.chain.plain[:] = self._coins[height]
        for new in self.chain.blocks[height:]:
            coinbase = new.block.transactions[0]
            self.chain.plain += [
                OutPoint(coinbase.txid, vout) for vout in range(len(coinbase.outputs))
            ]
        spent = {
            each.prevout
            for new in self.chain.blocks[height:]
            for tx in new.block.transactions
            for each in tx.inputs
        }
        self.chain.plain[:] = [coin for coin in self.chain.plain if coin not in spent]
        self._coins = {at: coins for at, coins in self._coins.items() if at <= height}

    def _act(self, action: Callable[[], None]) -> None:
        action()
        self._coins[len(self.chain.blocks)] = list(self.chain.plain)

    def _number(self) -> int:
        self._used += 1
        return self._used

    def _permits(self) -> list[Permit]:
        with self.chain.database.read() as connection:
            return holdings.latest_permits(connection, 0, EVERY)

    def _certificates(self) -> list[Certificate]:
        with self.chain.database.read() as connection:
            return holdings.latest_certificates(connection, None, 0, EVERY)

    def _usable(self) -> Permit | None:
        found = [each for each in self._permits() if not each.revocation]
        return self._random.choice(found) if found else None

    def _grant(self) -> None:
        number = self._number()
        self.chain.grant(
            code=f"T{number % 3}",
            title=f"Type {number}",
            quantity=500,
            issuer_revokes=True,
            transferable=number % 4 != 0,
            expiry_kind=ExpiryKind.HEIGHT if number % 5 == 0 else ExpiryKind.NONE,
            expiry=len(self.chain.blocks) + 9 if number % 5 == 0 else 0,
        )

    def _issue(self) -> None:
        permit, number = self._usable(), self._number()
        if permit is None:
            return self._grant()
        kind = self._random.choice((ExpiryKind.NONE, ExpiryKind.BLOCKS_AFTER_ISSUE))
        self.chain.issue(
            permit.id,
            # Now and then a serial is taken already, and the message does not count.
            self._random.choice((number, 1)),
            f"holder {number % 7}",
            doc_hash=sha256(b"%d" % number),
            expiry_kind=kind,
            expiry=self._random.randint(1, 8) if kind else 0,
        )
        return None

    def _batch(self) -> None:
        permit, number = self._usable(), self._number()
        if permit is None:
            return self._grant()
        self.chain.batch(permit.id, 1_000 * number, self._random.randint(1, 12))
        return None

    def _transfer(self) -> None:
        alive = [each for each in self._certificates() if each.location is not None]
        if not alive:
            return self._issue()
        certificate = self._random.choice(alive)
        self.chain.learn_from(certificate)
        self.chain.transfer(certificate.id, f"holder {self._number() % 7}")
        return None

    def _revoke(self) -> None:
        permits, certificates = self._permits(), self._certificates()
        if not certificates or self._random.random() < 0.2:
            permit = self._random.choice(permits)
            self.chain.revoke(permit.id.txid, WHOLE, self._random.choice(REASONS))
            return
        certificate = self._random.choice(certificates)
        reason = self._random.choice([*REASONS[:2], RevocationReason.REMOVE_FROM_HOLD])
        is_whole = certificate.batch is not None and self._random.random() < 0.5
        vout = WHOLE if is_whole else certificate.id.vout
        self.chain.revoke(certificate.id.txid, vout, reason)

    def _chat(self) -> None:
        self.chain.say(b"hello %d" % self._number())


def dump(database: Database) -> Tables:
    """Return every row of every table, in the order of its key."""
    with database.read() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in TABLES
        }


def assert_is_fresh(chain: Any, place: Path | str) -> None:
    """Check that an index equals one that reads the same chain at once."""
    fresh = Database.open(place, REGTEST, chain.anchor)
    fresh.connect_blocks(chain.blocks)
    assert_same(dump(chain.database), dump(fresh))
    with chain.database.read() as one, fresh.read() as other:
        assert registry_hash(one) == registry_hash(other)
    fresh.close()


def assert_same(ours: Tables, theirs: Tables) -> None:
    """Check that two indexes have the same rows, table by table."""
    for table in TABLES:
        assert ours[table.name] == theirs[table.name], table.name


def fresh_dumps(chain: Any, blocks: list[NewBlock], base: int, place: Path | str) -> list[Tables]:
    """Return what an index that never went back has after `base` blocks, and after each later."""
    fresh = Database.open(place, REGTEST, chain.anchor)
    fresh.connect_blocks(blocks[:base])
    dumps = [dump(fresh)]
    for new in blocks[base:]:
        fresh.connect_blocks([new])
        dumps.append(dump(fresh))
    fresh.close()
    return dumps


def test_reorganisations_of_every_depth_give_the_same_tables_as_a_fresh_index(
    any_chain: Any, places: Callable[[], Path | str]
) -> None:
    teller = Storyteller(any_chain, seed=40)
    teller.tell(5)
    base = len(any_chain.blocks)
    branches = []
    for _ in range(2):
        teller.go_back(len(any_chain.blocks) - base)
        teller.tell(DEPTHS + 1)
        branches.append(any_chain.blocks[: base + DEPTHS + 1])
    fresh = [fresh_dumps(any_chain, blocks, base, places()) for blocks in branches]
    teller.go_back(len(any_chain.blocks) - base - 1)

    # From one branch to the other and back, each time one block longer than what is left.
    for depth in range(1, DEPTHS + 1):
        for _ in range(depth):
            any_chain.disconnect()
        assert_same(dump(any_chain.database), fresh[0][0])
        branch = branches[(depth + 1) % 2][base : base + depth + 1]
        any_chain.database.connect_blocks(branch)
        any_chain.blocks += branch

        assert_same(dump(any_chain.database), fresh[(depth + 1) % 2][depth + 1])

    assert_is_fresh(any_chain, places())


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 1 << 32),
    turns=st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), min_size=1, max_size=3),
)
def test_any_way_to_the_same_chain_gives_the_same_index(
    tmp_path_factory: pytest.TempPathFactory,
    chain_at: Callable[[Path], Any],
    seed: int,
    turns: list[tuple[int, int]],
) -> None:
    folder = tmp_path_factory.mktemp("any")
    chain = chain_at(folder / "grown.sqlite")
    teller = Storyteller(chain, seed)
    teller.tell(12)

    for back, forward in turns:
        teller.go_back(min(back, len(chain.blocks) - 6))
        teller.tell(forward)

    assert_is_fresh(chain, folder / "fresh.sqlite")
    chain.database.close()
