"""One transaction as the rules see it: the credit it spends, its outputs, the scripts it shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ccxx_cert.custody import opens, revealed_script
from ccxx_cert.marks import WatchedCoin
from ccxx_cert.recognize import Reading, read_message
from ccxx_cert.state import (
    Credit,
    Moment,
    Record,
    RegistryView,
    get_credit,
    watched_coin_key,
)
from ccxx_cert.trust import TrustAnchor
from ccxx_core.transaction import OutPoint, Transaction, TxOutput

NO_SCRIPTS: Mapping[OutPoint, bytes] = {}


class SpentCredit(NamedTuple):
    """A coloured coin, and the position of the input that spends it."""

    position: int
    credit: Credit


@dataclass(frozen=True, slots=True)
class Spend:
    """A transaction with the credit and the watched coins it spends.

    `scripts` open inputs that are not signed yet.
    """

    tx: Transaction
    anchor: TrustAnchor
    moment: Moment
    credits: tuple[SpentCredit, ...]
    watched: tuple[WatchedCoin, ...]
    reading: Reading | None
    scripts: Mapping[OutPoint, bytes]

    @property
    def is_ours(self) -> bool:
        """Whether it spends credit or carries a message of ours, readable or not."""
        return bool(self.credits) or self.reading is not None

    @property
    def credit_outputs(self) -> tuple[TxOutput, ...]:
        """The outputs before the OP_RETURN; none where there is no message."""
        return () if self.reading is None else self.tx.outputs[: self.reading.marker]

    @property
    def credit_in(self) -> int:
        """Satoshis of credit that the inputs bring."""
        return sum(credit.value for _, credit in self.credits)

    @property
    def credit_out(self) -> int:
        """Satoshis of the outputs before the OP_RETURN."""
        return sum(output.value for output in self.credit_outputs)

    def shown_script(self, spent: SpentCredit) -> bytes | None:
        """Return the script behind a spent coin, from its input or from `scripts`."""
        tx_input, script_pubkey = self.tx.inputs[spent.position], spent.credit.script_pubkey
        script = revealed_script(tx_input, script_pubkey)
        if script is None:
            known = self.scripts.get(tx_input.prevout)
            script = known if known is not None and opens(known, script_pubkey) else None
        return script

    @property
    def plain_outputs(self) -> tuple[tuple[int, TxOutput], ...]:
        """The outputs behind the OP_RETURN, each with its position; none without a message."""
        if self.reading is None:
            return ()
        return tuple(enumerate(self.tx.outputs))[self.reading.marker + 1 :]

    def outpoint(self, vout: int) -> OutPoint:
        """Return the outpoint of one of its outputs."""
        return OutPoint(self.tx.txid, vout)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a spend leaves behind: records to write; spent credit is removed by the caller."""

    records: tuple[Record, ...] = ()
    subjects: tuple[OutPoint, ...] = ()
    destroyed: tuple[OutPoint, ...] = ()
    lost: int = 0


def read_spend(
    view: RegistryView,
    anchor: TrustAnchor,
    tx: Transaction,
    moment: Moment,
    scripts: Mapping[OutPoint, bytes] = NO_SCRIPTS,
) -> Spend:
    """Look up the credit and watched coins that a transaction spends, and read its message."""
    inputs = () if tx.is_coinbase else tx.inputs
    credits, watched = [], []
    for position, tx_input in enumerate(inputs):
        credit = get_credit(view, tx_input.prevout)
        if credit is not None:
            credits.append(SpentCredit(position, credit))
            continue
        coin = view.get(watched_coin_key(tx_input.prevout))
        if isinstance(coin, WatchedCoin):
            watched.append(coin)
    return Spend(tx, anchor, moment, tuple(credits), tuple(watched), read_message(tx), scripts)
