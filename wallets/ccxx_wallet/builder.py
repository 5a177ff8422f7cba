"""Building unsigned transactions: credit inputs as they come, fees from plain coins only.

The order is the protocol's: credit inputs first, then plain coins; the outputs of a message as its
template gives them, then plain change. Pure: coins, scripts and rates are arguments.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from ccxx_core.bip32 import KeyOrigin
from ccxx_core.network import Network
from ccxx_core.psbt import Psbt, PsbtInput, PsbtOutput
from ccxx_core.script import is_p2sh
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_wallet.coin_selection import (
    P2WPKH_INPUT_VSIZE,
    Payment,
    PlainCoin,
    Selection,
    select_coins,
    take_coins,
)

# The lowest sequence that BIP 125 does not call replaceable: signatures of others must last.
SEQUENCE = 0xFFFFFFFE
# Where all signatures are ours a node that replaces may get a better paid version.
REPLACEABLE = 0xFFFFFFFD
TRANSACTION_OVERHEAD_VSIZE = 11
_SIGNATURE_SIZE = 73

Origins = tuple[tuple[bytes, KeyOrigin], ...]


@dataclass(frozen=True, slots=True)
class CreditInput:
    """A credit coin to be spent, and what co-signers must know about it.

    `script` is the multisig behind a P2WSH or P2SH output, empty for a key hash. `previous` is the
    whole previous transaction, needed by a legacy input. `sequence` waits out a delay.
    """

    outpoint: OutPoint
    output: TxOutput
    script: bytes = b""
    signatures: int = 1
    previous: Transaction | None = None
    origins: Origins = ()
    sequence: int = SEQUENCE

    @property
    def vsize(self) -> int:
        """Estimate the signed size of the input."""
        if not self.script:
            return P2WPKH_INPUT_VSIZE
        unlocking = 1 + self.signatures * _SIGNATURE_SIZE + 3 + len(self.script)
        return 41 + 3 + unlocking if is_p2sh(self.output.script_pubkey) else 42 + unlocking // 4

    def describe(self) -> PsbtInput:
        """Give what the PSBT says about this input."""
        is_legacy = is_p2sh(self.output.script_pubkey)
        return PsbtInput(
            non_witness_utxo=self.previous if is_legacy else None,
            witness_utxo=None if is_legacy else self.output,
            redeem_script=self.script if is_legacy and self.script else None,
            witness_script=None if is_legacy or not self.script else self.script,
            origins=self.origins,
        )


@dataclass(frozen=True, slots=True)
class Purse:
    """The plain coins that may pay, where change goes, and at which rate (satoshis per vbyte).

    `outlook` says where more coins may come from. With `takes_all` the coins were chosen by hand:
    all of them pay. `extra_fee` (satoshis) is paid on top, for another transaction. `kept` coins
    pay only where no others do.
    """

    coins: Sequence[PlainCoin]
    change_script: bytes
    feerate: int
    reserved: Collection[OutPoint] = frozenset()
    outlook: str = ""
    kept: Collection[OutPoint] = frozenset()
    takes_all: bool = False
    extra_fee: int = 0
    origin_of: Callable[[bytes], Origins] = field(default=lambda _: ())


@dataclass(frozen=True, slots=True)
class Funded:
    """An unsigned transaction ready for signers, its fee in satoshis and its plain coins."""

    psbt: Psbt
    fee: int
    plain_inputs: tuple[OutPoint, ...]
    change: int


def build_draft(
    credit: Sequence[CreditInput],
    outputs: Sequence[TxOutput],
    purse: Purse,
    network: Network,
    anchor_id: bytes | None = None,
) -> Funded:
    """Fund outputs with plain coins and give the PSBT.

    What the credit inputs are worth counts towards the outputs; the purse pays the rest and the
    fee. Raises WalletError NOT_ENOUGH_COINS.
    """
    credit_value = sum(coin.output.value for coin in credit)
    payment = Payment(
        amount=sum(output.value for output in outputs) - credit_value + purse.extra_fee,
        vsize=_fixed_vsize(credit, outputs),
        feerate=purse.feerate,
    )
    selection = _select(purse, payment)
    change = (TxOutput(selection.change, purse.change_script),) if selection.change else ()
    inputs = [TxInput(coin.outpoint, sequence=coin.sequence) for coin in credit]
    sequence = SEQUENCE if credit else REPLACEABLE
    inputs += [TxInput(coin.outpoint, sequence=sequence) for coin in selection.coins]
    transaction = Transaction(
        version=2,
        inputs=tuple(inputs),
        outputs=(*outputs, *change),
    )
    described = [coin.describe() for coin in credit]
    described += [_describe_plain(coin, purse) for coin in selection.coins]
    # A signer that knows nothing of our wallet can tell change by the origin of its key.
    known = [PsbtOutput(origins=purse.origin_of(out.script_pubkey)) for out in transaction.outputs]
    psbt = Psbt.create(transaction, described, outputs=known, network=network, anchor_id=anchor_id)
    plain_inputs = tuple(coin.outpoint for coin in selection.coins)
    return Funded(psbt, psbt.fee, plain_inputs, selection.change)


def _select(purse: Purse, payment: Payment) -> Selection:
    if purse.takes_all:
        return take_coins(purse.coins, payment)
    return select_coins(purse.coins, payment, purse.reserved, purse.outlook, purse.kept)


def _describe_plain(coin: PlainCoin, purse: Purse) -> PsbtInput:
    return PsbtInput(
        witness_utxo=TxOutput(coin.value, coin.script_pubkey),
        origins=purse.origin_of(coin.script_pubkey),
    )


def _fixed_vsize(credit: Sequence[CreditInput], outputs: Sequence[TxOutput]) -> int:
    return (
        TRANSACTION_OVERHEAD_VSIZE
        + sum(coin.vsize for coin in credit)
        + sum(len(output.encode()) for output in outputs)
        + (2 if len(outputs) > 250 else 0)
    )
