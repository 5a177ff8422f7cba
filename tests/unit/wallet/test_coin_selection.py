"""Coins are chosen to pay, never too few, never twice, and only plain ones exist here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint
from ccxx_wallet.coin_selection import (
    LEAST_CHANGE,
    Payment,
    PlainCoin,
    mature_coins,
    select_coins,
    take_coins,
)
from ccxx_wallet.errors import Refusal, WalletError


def coin(number: int, value: int, height: int | None = 10, coinbase: bool = False) -> PlainCoin:
    outpoint = OutPoint(Txid(number.to_bytes(32, "big")), 0)
    return PlainCoin(outpoint, value, b"", height, coinbase)


def test_the_smallest_single_coin_that_pays_is_taken() -> None:
    coins = [coin(1, 1_000_000), coin(2, 50_000), coin(3, 10_000)]

    selection = select_coins(coins, Payment(amount=20_000, vsize=100, feerate=2))

    assert [c.value for c in selection.coins] == [50_000]


def test_coins_chosen_by_hand_pay_all_together_or_not_at_all() -> None:
    coins = [coin(1, 50_000), coin(2, 40_000, height=None)]

    selection = take_coins(coins, Payment(amount=20_000, vsize=100, feerate=2))
    with pytest.raises(WalletError) as error:
        take_coins(coins, Payment(amount=90_000, vsize=100, feerate=2))

    assert selection.coins == tuple(coins)
    assert selection.change == 90_000 - Payment(20_000, 100, 2).need(2, change=True)
    assert error.value.refusal is Refusal.NOT_ENOUGH_COINS
    assert "--coin" in error.value.detail


def test_coins_of_another_draft_are_taken_last() -> None:
    coins = [coin(1, 1_000_000), coin(2, 50_000)]

    selection = select_coins(
        coins, Payment(20_000, 100, 2), reserved=frozenset({coins[1].outpoint})
    )

    assert selection.coins == (coins[0],)


def test_coins_kept_to_speak_by_pay_only_where_no_others_do() -> None:
    coins = [coin(1, 1_000_000), coin(2, 50_000)]
    kept = frozenset({coins[1].outpoint})

    spared = select_coins(coins, Payment(20_000, 100, 2), kept=kept)
    alone = select_coins(coins[1:], Payment(20_000, 100, 2), kept=kept)
    shared = select_coins(coins, Payment(20_000, 100, 2), {coins[0].outpoint}, kept=kept)

    assert spared.coins == (coins[0],)
    assert alone.coins == shared.coins == (coins[1],)


def test_nothing_is_taken_where_other_inputs_bring_more_than_is_paid() -> None:
    selection = select_coins([coin(1, 50_000)], Payment(amount=-10_000, vsize=100, feerate=2))

    assert selection.coins == ()
    assert selection.change == 10_000 - 2 * (100 + 31)


def test_unconfirmed_change_is_used_when_nothing_else_pays() -> None:
    coins = [coin(1, 500), coin(2, 50_000, height=None)]

    selection = select_coins(coins, Payment(20_000, 100, 2))

    assert coins[1] in selection.coins


def test_too_little_money_names_what_is_there_and_what_is_wanted() -> None:
    with pytest.raises(WalletError) as error:
        select_coins([coin(1, 5_000)], Payment(20_000, 100, 2))

    assert error.value.refusal is Refusal.NOT_ENOUGH_COINS
    assert "0.00005000 found" in error.value.detail


def test_young_coinbase_coins_are_left_out() -> None:
    coins = [coin(1, 1, height=100, coinbase=True), coin(2, 1, height=100)]

    ripe = mature_coins(coins, tip_height=5098, maturity=5000)

    assert ripe == [coins[1]]
    assert mature_coins(coins, tip_height=5099, maturity=5000) == coins


@given(
    values=st.lists(st.integers(1, 10**9), min_size=1, max_size=20),
    amount=st.integers(0, 10**9),
    feerate=st.integers(1, 100),
)
def test_what_is_selected_always_pays_exactly(values: list[int], amount: int, feerate: int) -> None:
    coins = [coin(number, value) for number, value in enumerate(values)]
    payment = Payment(amount, 200, feerate)

    try:
        selection = select_coins(coins, payment)
    except WalletError:
        assert sum(values) < payment.need(len(coins), change=False)
        return

    fee = sum(c.value for c in selection.coins) - amount - selection.change
    assert len(set(selection.coins)) == len(selection.coins)
    assert selection.change == 0 or selection.change >= LEAST_CHANGE
    assert fee >= payment.need(len(selection.coins), bool(selection.change)) - amount
