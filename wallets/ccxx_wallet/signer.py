"""What a signer sees and checks before it signs, and the signing.

Pure. The meaning is recomputed from the transaction, our own registry and the outputs that our own
node reports; a file's claims about them are only compared, never believed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ccxx_cert.errors import CertificateError
from ccxx_cert.errors import Refusal as RuleRefusal
from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import Moment, RegistryView, get_permit
from ccxx_cert.trust import TrustAnchor
from ccxx_cert.verify import Meaning, SpentOutput, check_meaning, explain
from ccxx_core.address import encode_address
from ccxx_core.amount import format_amount
from ccxx_core.errors import CcxxError
from ccxx_core.keys import PrivateKey
from ccxx_core.network import Network
from ccxx_core.psbt import Psbt
from ccxx_core.transaction import OutPoint, Transaction, TxOutput
from ccxx_wallet.errors import Refusal, WalletError

# No transaction of ours needs more: a full batch at ten times the usual rate stays below.
MOST_FEE = 5_000_000
CHANGE_BACK = "change back to this wallet"
ROOT_COIN = "the root coin, from which all credit descends"
_FINAL = 0xFFFFFFFF
_LOCKTIME_IS_TIME = 500_000_000


@dataclass(frozen=True, slots=True)
class Review:
    """What a transaction would do: `lines` for people, the rest for decisions.

    `refusal` is the rule it breaks, None if it breaks none; `fee` is in satoshis.
    """

    action: str
    lines: tuple[str, ...]
    fee: int
    refusal: RuleRefusal | None = None
    detail: str = ""
    subjects: tuple[OutPoint, ...] = ()
    destroyed: tuple[OutPoint, ...] = ()

    @property
    def is_harmless(self) -> bool:
        """Whether it does what it says and no credit comes to harm."""
        return self.refusal is None

    def as_facts(self) -> dict[str, object]:
        """Give the review as JSON."""
        return {
            "action": self.action,
            "accepted": self.is_harmless,
            "refusal": self.refusal,
            "detail": self.detail or None,
            "subjects": [format_outpoint(outpoint) for outpoint in self.subjects],
            "destroyed": [format_outpoint(outpoint) for outpoint in self.destroyed],
            "lines": list(self.lines),
        }


def check_spent(psbt: Psbt, spent: Sequence[TxOutput]) -> None:
    """Compare what a file says about the coins it spends with what our node says.

    Raises WalletError INPUT_MISSTATED: a lie here could hide the fee.
    """
    for index, output in enumerate(spent):
        try:
            stated = psbt.spent_output(index)
        except CcxxError as error:
            raise WalletError(
                Refusal.BAD_FILE, f"{error}; ask its sender for a whole file"
            ) from error
        if stated != output:
            raise WalletError(
                Refusal.INPUT_MISSTATED,
                f"the file says that input {index} is worth {format_amount(stated.value)}, your"
                f" node says {format_amount(output.value)} or another script; do not sign it",
            )


def review(
    psbt: Psbt,
    spent: Sequence[TxOutput],
    view: RegistryView,
    anchor: TrustAnchor | None,
    next_block: Moment,
) -> Review:
    """Recompute what a transaction would do in the next block."""
    tx = psbt.transaction
    fee = sum(output.value for output in spent) - sum(output.value for output in tx.outputs)
    if anchor is None:
        return Review("payment", (), fee)
    known = {
        tx_input.prevout: SpentOutput(*output, described.witness_script or described.redeem_script)
        for tx_input, output, described in zip(tx.inputs, spent, psbt.inputs, strict=True)
    }
    meaning = explain(tx, view, anchor, next_block=next_block, spent=known)
    refusal, detail = None, ""
    try:
        check_meaning(meaning)
    except CertificateError as error:
        refusal, detail = error.refusal, error.detail
    return Review(
        action=_action(meaning, view, refusal is None),
        lines=(*meaning.lines, *_describe_late(psbt)),
        fee=fee,
        refusal=refusal,
        detail=detail,
        subjects=meaning.subjects,
        destroyed=meaning.destroyed,
    )


def _describe_late(psbt: Psbt) -> Iterator[str]:
    """Say which certificates are moved without their holders, after the delay of their custody."""
    for index in range(len(psbt.inputs)):
        if psbt.lock(index).can_recover(psbt.transaction, index):
            yield f"input {index} needs no signature of its holder: root and issuer act alone"


def describe_payments(psbt: Psbt, network: Network) -> tuple[str, ...]:
    """Say in words what the outputs of a plain transaction pay, and its fee."""
    payments = (describe_payment(output, network) for output in psbt.transaction.outputs)
    return (*payments, f"fee {format_amount(psbt.fee)} CCXX")


def describe_locks(tx: Transaction, next_block: Moment) -> tuple[str, ...]:
    """Say what keeps a transaction out of the next block: a signature may wait long for its use."""
    lines = []
    if any(tx_input.sequence != _FINAL for tx_input in tx.inputs):
        if next_block.height <= tx.locktime < _LOCKTIME_IS_TIME:
            lines.append(f"cannot be mined before block {tx.locktime + 1}")
        if tx.locktime >= max(_LOCKTIME_IS_TIME, next_block.median_time_past):
            lines.append(f"cannot be mined before the time {tx.locktime + 1}")
    # BIP-0068: version 2 on, unless the highest bit of the sequence is set.
    if tx.version not in (0, 1) and any(
        tx_input.sequence & 0x0040FFFF and not tx_input.sequence >> 31 for tx_input in tx.inputs
    ):
        lines.append("may have to wait until coins that it spends are older")
    return tuple(lines)


def mark_own(
    lines: Sequence[str], psbt: Psbt, own: Mapping[bytes, str], network: Network
) -> tuple[str, ...]:
    """Say what payments to the wallet itself are; `own` has the words for each plain script."""
    words = {
        describe_payment(output, network): own[output.script_pubkey]
        for output in psbt.transaction.outputs
        if output.script_pubkey in own
    }
    return tuple(f"{line}, {words[line]}" if line in words else line for line in lines)


def describe_payment(output: TxOutput, network: Network) -> str:
    """Say what a plain output pays, as the meaning of a transaction says it."""
    place = encode_address(output.script_pubkey, network) or f"script {output.script_pubkey.hex()}"
    return f"pays {format_amount(output.value)} CCXX to {place}"


def check_rules(found: Review, most_fee: int = MOST_FEE) -> None:
    """Raise WalletError RULES if an observer would not count the transaction, or for its fee."""
    if not found.is_harmless:
        detail = f": {found.detail}" if found.detail else ""
        raise WalletError(
            Refusal.RULES,
            f"the rules refuse this transaction ({found.refusal}{detail}); do not sign it",
        )
    check_fee(found, most_fee)


def check_fee(found: Review, most_fee: int = MOST_FEE) -> None:
    """Raise WalletError FEE_TOO_HIGH if somebody would lose money to a miner."""
    check_cost(found.fee, most_fee)


def check_cost(fee: int, most_fee: int) -> None:
    """Raise WalletError FEE_TOO_HIGH if a fee (satoshis) is higher than its owner allows."""
    if fee > most_fee:
        raise WalletError(
            Refusal.FEE_TOO_HIGH,
            f"the fee is {format_amount(fee)}, at most {format_amount(most_fee)} is usual;"
            " draft it again with a lower --feerate, or add --max-fee if you mean it",
        )


def sign(psbt: Psbt, keys: Mapping[bytes, PrivateKey]) -> Psbt:
    """Sign every input that one of the keys guards."""
    return psbt.sign(keys.values())


def _action(meaning: Meaning, view: RegistryView, is_harmless: bool) -> str:
    if meaning.op is not None:
        return meaning.op.name.lower()
    if not meaning.credit_inputs:
        return "payment"
    if not is_harmless:
        return "naked-spend"
    # Credit that stays where it is needs no message: a certificate's delay begins anew, and a
    # permit's coins become fewer or more.
    is_join = meaning.subjects and all(get_permit(view, each) for each in meaning.subjects)
    return "join" if is_join else "refresh"
