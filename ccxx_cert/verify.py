"""What a transaction would do, in words, worked out before anybody signs (section 6).

Everything is recomputed from the transaction and the signer's own records; a file's claims count
only where a hash commits to them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ccxx_cert.codec import op_of
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.records import Message, Op
from ccxx_cert.registry import judge_spend
from ccxx_cert.spend import Outcome, Spend, read_spend
from ccxx_cert.state import Moment, RegistryView
from ccxx_cert.trust import TrustAnchor
from ccxx_cert.upkeep_wording import describe_broken_chains
from ccxx_cert.wording import (
    describe_destroyed,
    describe_naked,
    describe_outcome,
    describe_plain_outputs,
)
from ccxx_core.amount import format_amount
from ccxx_core.network import NETWORKS
from ccxx_core.transaction import OutPoint, Transaction, TxOutput


class SpentOutput(NamedTuple):
    """An output that an input spends, and the redeem or witness script where it is known."""

    value: int
    script_pubkey: bytes
    inner_script: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a transaction would do in the next block; `lines` say it to people.

    `fee` is in satoshis, None where an input's value is unknown. `credit_inputs` are positions.
    """

    message: Message | None
    refusal: Refusal | None
    detail: str
    lines: tuple[str, ...]
    fee: int | None
    credit_inputs: tuple[int, ...]
    credit_outputs: tuple[TxOutput, ...]
    subjects: tuple[OutPoint, ...]
    destroyed: tuple[OutPoint, ...]
    lost: int

    @property
    def op(self) -> Op | None:
        """The op of the message, None where there is none."""
        return op_of(self.message) if self.message is not None else None

    @property
    def accepted(self) -> bool:
        """Whether it does what it says, and harms no credit."""
        return self.refusal is None and not self.destroyed and not self.lost


def explain(
    tx: Transaction,
    view: RegistryView,
    anchor: TrustAnchor,
    *,
    next_block: Moment,
    spent: Mapping[OutPoint, SpentOutput],
) -> Meaning:
    """Return what a transaction, signed or not, would do in the next block.

    `next_block` is the tip's height plus one with the tip's times. `spent` holds what the signer
    knows of the outputs spent: values for the fee, inner scripts for inputs not signed yet.
    """
    scripts = {at: out.inner_script for at, out in spent.items() if out.inner_script is not None}
    spend = read_spend(view, anchor, tx, next_block, scripts)
    outcome, refusal, detail = Outcome(), None, ""
    if spend.is_ours:
        outcome, refusal, detail = judge_spend(spend, view)
    fee = _fee(tx, spent)
    return Meaning(
        message=spend.reading.message if spend.reading else None,
        refusal=refusal,
        detail=detail,
        lines=(*_lines(spend, view, outcome, refusal is None), _fee_line(fee)),
        fee=fee,
        credit_inputs=tuple(position for position, _ in spend.credits),
        credit_outputs=spend.credit_outputs if refusal is None else (),
        subjects=outcome.subjects,
        destroyed=outcome.destroyed,
        lost=outcome.lost,
    )


def check_meaning(meaning: Meaning) -> None:
    """Refuse what must not be signed: raises CertificateError where credit would come to harm."""
    if meaning.refusal is not None:
        raise CertificateError(meaning.refusal, meaning.detail)
    if meaning.destroyed or meaning.lost:
        raise CertificateError(
            Refusal.NAKED_SPEND,
            f"{len(meaning.destroyed)} certificates and {meaning.lost} satoshis of credit lost",
        )


def _lines(spend: Spend, view: RegistryView, outcome: Outcome, is_accepted: bool) -> Iterator[str]:
    network = NETWORKS[spend.anchor.network]
    message = spend.reading.message if spend.reading else None
    if message is not None and is_accepted:
        yield from describe_outcome(message, outcome, view, network)
    else:
        yield from describe_naked(message, outcome, view, network)
    yield from describe_destroyed(outcome, view)
    yield from describe_broken_chains(spend, outcome, view)
    yield from describe_plain_outputs(spend, outcome, network)


def _fee_line(fee: int | None) -> str:
    return "fee unknown" if fee is None else f"fee {format_amount(fee)} CCXX"


def _fee(tx: Transaction, spent: Mapping[OutPoint, SpentOutput]) -> int | None:
    if any(tx_input.prevout not in spent for tx_input in tx.inputs):
        return None
    value_in = sum(spent[tx_input.prevout].value for tx_input in tx.inputs)
    return value_in - sum(output.value for output in tx.outputs)
