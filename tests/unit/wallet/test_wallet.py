"""A wallet watches the right keys, keeps roles apart and says what it is."""

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ccxx_cert.trust import TrustAnchor
from ccxx_core.address import encode_address
from ccxx_core.bip32 import HdKey, mnemonic_to_seed
from ccxx_core.hashes import Txid
from ccxx_core.network import MAIN, REGTEST, TEST, Network
from ccxx_core.transaction import OutPoint
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.keyring import Paths, Role, account_path
from ccxx_wallet.keystore import SeedPhrase
from ccxx_wallet.making import NewWallet, create_wallet
from ccxx_wallet.wallet import Wallet, open_wallet

MakeWallet = Callable[..., Wallet]
PHRASE = "abandon " * 11 + "about"


def anchor(wallet: Wallet) -> TrustAnchor:
    key = wallet.first_key(Role.PLAIN).public_key
    return TrustAnchor("regtest", OutPoint(Txid(bytes(32)), 0), 100_000, 1, b"\x00", key, key)


def test_plain_addresses_are_those_of_bip84(make_wallet: MakeWallet) -> None:
    wallet = make_wallet(Role.PLAIN)

    script = wallet.receive_key().plain_script

    # What every wallet shows for this phrase on a test network, with this network's prefix.
    assert account_path(Role.PLAIN, MAIN) == "m/84h/571h/0h"
    assert encode_address(script, REGTEST) == "rccx1q6rz28mcfaxtmd6v789l9rrlrusdprr9ppk3hdz"


def test_certificate_keys_are_those_of_bip48(make_wallet: MakeWallet) -> None:
    wallet = make_wallet(Role.ROOT, Role.SYSTEM, Role.CREDIT)
    master = HdKey.from_seed(mnemonic_to_seed(PHRASE), REGTEST)

    derived = [master.derive(f"m/48h/1h/{account}h/2h/0/0").public_key for account in range(3)]

    assert [
        wallet.first_key(role).public_key for role in (Role.ROOT, Role.SYSTEM, Role.CREDIT)
    ] == (derived)


def test_every_role_has_keys_of_its_own(make_wallet: MakeWallet) -> None:
    wallet = make_wallet(*Role)

    keys = [key.public_key for key in wallet.store.watched_keys()]

    assert len(set(keys)) == len(keys)


def test_credit_and_holder_keys_are_never_plain(make_wallet: MakeWallet) -> None:
    wallet = make_wallet(Role.CREDIT, Role.HOLDER, Role.ROOT, Role.PLAIN)

    plain = {
        key.path.role
        for key in wallet.store.watched_keys()
        if wallet.watched.is_plain(key.plain_script)
    }

    assert plain == {Role.PLAIN}


def test_a_given_key_is_not_given_again(make_wallet: MakeWallet) -> None:
    wallet = make_wallet(Role.HOLDER)

    given = [wallet.give_key(Role.HOLDER) for _ in range(30)]

    assert len({key.public_key for key in given}) == 30
    # Twenty more are watched, in case the folder is lost and restored from an older copy.
    assert len(wallet.store.watched_keys(Role.HOLDER)) == 50


def test_the_files_are_for_their_owner_only(make_wallet: MakeWallet) -> None:
    wallet = make_wallet(Role.PLAIN)

    modes = {
        stat.S_IMODE((wallet.folder / name).stat().st_mode)
        for name in ("keys.json", "wallet.sqlite")
    }

    assert modes == {0o600}
    assert stat.S_IMODE(wallet.folder.stat().st_mode) == 0o700


def test_no_file_but_the_sealed_one_could_give_the_phrase_away(make_wallet: MakeWallet) -> None:
    wallet = make_wallet(*Role)
    private = HdKey.from_seed(mnemonic_to_seed(PHRASE), REGTEST)

    stored = b"".join(file.read_bytes() for file in wallet.folder.iterdir())

    assert b"abandon" not in stored
    assert private.xprv().encode() not in stored
    assert private.private_key.secret not in stored


def test_a_wallet_of_another_network_is_refused(make_wallet: MakeWallet) -> None:
    folder = make_wallet(Role.PLAIN).folder

    with pytest.raises(WalletError) as error:
        open_wallet(folder, "ccxx-test", MAIN)

    assert error.value.refusal is Refusal.WRONG_NETWORK


def test_an_anchor_of_another_network_is_refused(make_wallet: MakeWallet) -> None:
    wallet = make_wallet(Role.PLAIN)

    with pytest.raises(WalletError) as error:
        wallet.set_anchor(replace(anchor(wallet), network="main"))

    assert error.value.refusal is Refusal.WRONG_NETWORK
    assert wallet.anchor is None


def test_a_damaged_store_is_named_with_its_remedy(make_wallet: MakeWallet) -> None:
    wallet = make_wallet(Role.PLAIN)
    wallet.close()
    path = Path(wallet.folder / "wallet.sqlite")
    path.write_bytes(b"not a database" * 1000)

    with pytest.raises(WalletError) as error:
        open_wallet(wallet.folder, "ccxx-test", REGTEST)

    assert error.value.refusal is Refusal.DAMAGED_STORE
    assert "init" in error.value.detail


def test_a_wallet_without_keys_watches_and_never_signs(
    make_wallet: MakeWallet, tmp_path: Path
) -> None:
    owner = make_wallet(Role.HOLDER, Role.PLAIN)
    new = NewWallet(
        "ccxx-test", REGTEST, (Role.HOLDER, Role.PLAIN), None, "", accounts=tuple(owner.accounts)
    )
    create_wallet(tmp_path / "watcher", new).close()

    watcher = open_wallet(tmp_path / "watcher", "ccxx-test", REGTEST)
    key = watcher.give_key(Role.HOLDER)
    with pytest.raises(WalletError) as error:
        watcher.unlock("passphrase", [key])

    assert error.value.refusal is Refusal.WATCH_ONLY
    assert watcher.plain_address() == owner.plain_address()
    assert watcher.origins(key.public_key) == owner.origins(key.public_key) != ()
    assert [file.name for file in watcher.folder.glob("keys*")] == []
    with pytest.raises(WalletError) as exists:
        create_wallet(tmp_path / "watcher", new)
    assert exists.value.refusal is Refusal.WALLET_EXISTS


def test_keys_of_the_older_paths_are_found_again_by_their_wallet(tmp_path: Path) -> None:
    new = NewWallet(
        "ccxx-test", REGTEST, (Role.HOLDER,), SeedPhrase(PHRASE), "passphrase", paths=Paths.BIP45
    )
    create_wallet(tmp_path / "older", new).close()
    wallet = open_wallet(tmp_path / "older", "ccxx-test", REGTEST)

    key = wallet.first_key(Role.HOLDER)
    private = wallet.unlock("passphrase", [key])

    master = HdKey.from_seed(mnemonic_to_seed(PHRASE), REGTEST)
    assert key.public_key == master.derive("m/45h/4/0/0").public_key
    assert private[key.public_key].public_key == key.public_key


def test_an_init_that_was_killed_says_what_is_left_of_it(make_wallet: MakeWallet) -> None:
    wallet = make_wallet(Role.PLAIN)
    wallet.close()
    (wallet.folder / "keys.json").unlink()
    before = (wallet.folder / "wallet.sqlite").read_bytes()

    with pytest.raises(WalletError) as error:
        make_wallet(Role.PLAIN)

    assert error.value.refusal is Refusal.WALLET_EXISTS
    assert "move the folder away" in error.value.detail
    assert (wallet.folder / "wallet.sqlite").read_bytes() == before


@pytest.mark.parametrize(
    ("network", "cost"), [(MAIN, (65_536, 3)), (TEST, (65_536, 3)), (REGTEST, (8_192, 1))]
)
def test_only_on_regtest_a_guess_of_the_passphrase_is_cheap(
    tmp_path: Path, network: Network, cost: tuple[int, int]
) -> None:
    new = NewWallet("ccxx-test", network, (Role.PLAIN,), SeedPhrase(PHRASE), "passphrase")

    create_wallet(tmp_path / "wallet", new).close()

    kdf = json.loads((tmp_path / "wallet" / "keys.json").read_text())["kdf"]
    assert (kdf["memory_kib"], kdf["iterations"]) == cost
