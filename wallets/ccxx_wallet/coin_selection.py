"""Choosing plain coins to pay amounts and fees.

Credit cannot come here: only `PlainCoin` is accepted, and only the wallet's plain scripts make one.
Losing coloured coins as fees is the classic accident of systems like this.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ccxx_core.amount import format_amount
from ccxx_core.transaction import OutPoint
from ccxx_wallet.errors import Refusal, WalletError

P2WPKH_INPUT_VSIZE = 68
P2WPKH_OUTPUT_VSIZE = 31
# Above every dust limit of the relay policy (P2PKH: 546), so change never depends on its script.
LEAST_CHANGE = 1_000
# A coin that an issuer or a root keeps at its key's script, to speak by: enough for some fees.
VOICE_VALUE = 10_000


@dataclass(frozen=True, slots=True)
class PlainCoin:
    """An ordinary coin of this wallet that may pay fees; `height` is None while unconfirmed."""

    outpoint: OutPoint
    value: int
    script_pubkey: bytes
    height: int | None
    is_coinbase: bool = False


@dataclass(frozen=True, slots=True)
class Payment:
    """What a transaction asks of plain coins: satoshis to pay and its size without them."""

    amount: int
    vsize: int
    feerate: int

    def need(self, coins: int, change: bool) -> int:
        """Return satoshis needed when `coins` inputs pay, fee included."""
        vsize = self.vsize + coins * P2WPKH_INPUT_VSIZE + (P2WPKH_OUTPUT_VSIZE if change else 0)
        return self.amount + vsize * self.feerate


@dataclass(frozen=True, slots=True)
class Selection:
    """The coins that pay, and the satoshis that come back as change (0: none)."""

    coins: tuple[PlainCoin, ...]
    change: int


def select_coins(
    coins: Collection[PlainCoin],
    payment: Payment,
    reserved: Collection[OutPoint] = frozenset(),
    outlook: str = "",
    kept: Collection[OutPoint] = frozenset(),
) -> Selection:
    """Choose few coins that pay: confirmed ones in no other draft, if they suffice.

    Those that are `kept` for another purpose come behind. Raises WalletError NOT_ENOUGH_COINS with
    what is there, what is needed, and the `outlook`.
    """
    free = [coin for coin in coins if coin.outpoint not in reserved]
    loose = [coin for coin in free if coin.outpoint not in kept]
    confirmed = [coin for coin in loose if coin.height is not None]
    for pool in (confirmed, loose, free, list(coins)):
        selection = _pay_from(pool, payment)
        if selection is not None:
            return selection
    raise _not_enough(list(coins), payment, outlook)


def take_coins(coins: Collection[PlainCoin], payment: Payment) -> Selection:
    """Pay with all of some coins; raises WalletError NOT_ENOUGH_COINS."""
    chosen = tuple(coins)
    if _total(chosen) < payment.need(len(chosen), change=False):
        raise _not_enough(chosen, payment, "; choose more with --coin, or leave the choice to us")
    return _selection(chosen, payment)


def mature_coins(coins: Collection[PlainCoin], tip_height: int, maturity: int) -> list[PlainCoin]:
    """Leave out coinbase coins that the next block may not spend yet."""
    return [
        coin
        for coin in coins
        if not coin.is_coinbase
        or (coin.height is not None and tip_height + 1 - coin.height >= maturity)
    ]


def describe_outlook(
    coins: Collection[PlainCoin], tip_height: int, maturity: int, incoming: int
) -> str:
    """Say which coins are there but cannot pay yet: mined ones too young, and others' payments."""
    young = set(coins) - set(mature_coins(coins, tip_height, maturity))
    said = ""
    if young:
        ripe = sorted((coin.height or 0) + maturity for coin in young)
        said += f"; {len(young)} mined coins of {format_amount(_total(list(young)))} are immature"
        said += f", the first can be spent in block {ripe[0]}, the last in block {ripe[-1]}"
        said += f" (the tip is {tip_height})"
    if incoming:
        said += f"; {format_amount(incoming)} more are incoming and wait for a block"
    return said


def _pay_from(pool: Sequence[PlainCoin], payment: Payment) -> Selection | None:
    """Take the smallest coin that pays alone and leaves change, else the largest until they pay.

    No coin is taken where the other inputs bring more than is paid.
    """
    if payment.need(0, change=False) <= 0:
        return _selection((), payment)
    alone = [coin for coin in pool if coin.value >= payment.need(1, change=True) + LEAST_CHANGE]
    if alone:
        return _selection((min(alone, key=lambda coin: (coin.value, coin.outpoint)),), payment)
    largest = sorted(pool, key=lambda coin: (-coin.value, coin.outpoint))
    for count in range(1, len(largest) + 1):
        chosen = tuple(largest[:count])
        if _total(chosen) >= payment.need(count, change=False):
            return _selection(chosen, payment)
    return None


def _selection(coins: tuple[PlainCoin, ...], payment: Payment) -> Selection:
    change = _total(coins) - payment.need(len(coins), change=True)
    return Selection(coins, change if change >= LEAST_CHANGE else 0)


def _total(coins: Sequence[PlainCoin]) -> int:
    return sum(coin.value for coin in coins)


def _not_enough(coins: Sequence[PlainCoin], payment: Payment, outlook: str) -> WalletError:
    found = format_amount(_total(coins))
    wanted = format_amount(payment.need(max(len(coins), 1), change=False))
    return WalletError(
        Refusal.NOT_ENOUGH_COINS,
        f"plain coins of {found} found, {wanted} wanted for amounts and fee"
        + (outlook or "; send some to the address that the address command shows"),
    )
