"""Accounts as descriptors: both ways, with the checks that a typing error needs."""

from collections.abc import Callable

import pytest
from embit.descriptor import Descriptor

from ccxx_core.bip32 import HdKey, mnemonic_to_seed
from ccxx_core.descriptor import add_checksum, parse_descriptor
from ccxx_core.network import MAIN, REGTEST
from ccxx_wallet.descriptors import account_descriptors, key_expression, parse_account
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.keyring import CHANGE, RECEIVE, Paths, Role, account_path, find_role, open_accounts
from ccxx_wallet.keystore import SeedPhrase
from ccxx_wallet.wallet import Wallet

MakeWallet = Callable[..., Wallet]
PHRASE = SeedPhrase("abandon " * 11 + "about")
PLAIN = open_accounts(PHRASE, REGTEST, {Role.PLAIN: account_path(Role.PLAIN, REGTEST)})[0]


def test_descriptors_give_the_scripts_of_the_wallet(make_wallet: MakeWallet) -> None:
    wallet = make_wallet(Role.PLAIN)

    for chain, text in zip((RECEIVE, CHANGE), account_descriptors(PLAIN), strict=True):
        for index in (0, 1, 7):
            script = parse_descriptor(text, REGTEST, index).script_pubkey
            assert script == wallet.accounts[0].watch(chain, index).plain_script


def test_another_program_reads_them_alike() -> None:
    text = account_descriptors(PLAIN)[0]

    # On regtest extended keys look as everywhere, so embit's own reader can have a look.
    derived = Descriptor.from_string(text.partition("#")[0]).derive(3)

    assert derived.script_pubkey().data == PLAIN.watch(RECEIVE, 3).plain_script


@pytest.mark.parametrize("paths", Paths)
@pytest.mark.parametrize("role", Role)
def test_an_account_comes_back_as_it_went(role: Role, paths: Paths) -> None:
    (account,) = open_accounts(PHRASE, MAIN, {role: account_path(role, MAIN, paths)})

    back = parse_account(key_expression(account), MAIN)

    assert (back.role, back.master, back.key.xpub()) == (
        role,
        account.master,
        account.key.xpub(),
    )
    for text in account_descriptors(account):
        assert parse_account(text, MAIN).key.xpub() == account.key.xpub()


def test_coin_type_and_paths_are_those_of_the_standards() -> None:
    assert account_path(Role.HOLDER, MAIN) == "m/48h/571h/4h/2h"
    assert account_path(Role.HOLDER, MAIN, Paths.BIP45) == "m/45h/4"
    assert account_path(Role.PLAIN, MAIN, Paths.BIP45) == "m/84h/571h/0h"
    assert find_role((44 | 1 << 31,), MAIN) is None


def test_keys_of_another_wallet_need_their_role() -> None:
    master = HdKey.from_seed(mnemonic_to_seed(PHRASE.reveal()), REGTEST)
    xpub = master.derive("m/45h/7").xpub()
    text = f"[{master.fingerprint.hex()}/45h/7]{xpub}"

    with pytest.raises(WalletError) as error:
        parse_account(text, REGTEST)

    assert error.value.refusal is Refusal.BAD_DESCRIPTOR
    assert "holder=" in error.value.detail
    assert parse_account(f"holder={text}", REGTEST).role is Role.HOLDER


def mistyped(text: str) -> str:
    return text.replace("/0/*", "/1/*")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "wpkh()",
        key_expression(PLAIN)[:-1],
        mistyped(account_descriptors(PLAIN)[0]),
        account_descriptors(PLAIN)[0].replace("wpkh", "pkh").partition("#")[0],
        f"wpkh({key_expression(PLAIN)}/0/*",
        f"miner={key_expression(PLAIN)}",
        add_checksum(f"wsh(sortedmulti(1,{key_expression(PLAIN)}/0/*))"),
    ],
)
def test_what_is_no_account_is_refused(text: str) -> None:
    with pytest.raises(WalletError) as error:
        parse_account(text, REGTEST)

    assert error.value.refusal is Refusal.BAD_DESCRIPTOR


def test_a_private_key_is_refused_and_not_repeated() -> None:
    master = HdKey.from_seed(mnemonic_to_seed(PHRASE.reveal()), REGTEST)
    xprv = master.derive("m/84h/1h/0h").xprv()

    with pytest.raises(WalletError) as error:
        parse_account(f"[{master.fingerprint.hex()}/84h/1h/0h]{xprv}", REGTEST)

    assert "private key" in error.value.detail
    assert xprv[:12] not in error.value.detail


def test_an_account_of_another_network_is_refused() -> None:
    with pytest.raises(WalletError) as error:
        parse_account(key_expression(PLAIN), MAIN)

    assert "another network" in error.value.detail
