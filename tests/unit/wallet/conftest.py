"""A wallet without a node: a known phrase, cheap to seal, on regtest."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ccxx_core.network import REGTEST
from ccxx_wallet.keyring import Role
from ccxx_wallet.keystore import SeedPhrase
from ccxx_wallet.making import NewWallet, create_wallet
from ccxx_wallet.wallet import Wallet

PHRASE = "abandon " * 11 + "about"
MakeWallet = Callable[..., Wallet]


@pytest.fixture
def make_wallet(tmp_path: Path) -> MakeWallet:
    """Make a wallet of some roles in a folder of its own."""

    def make(*roles: Role, name: str = "wallet", phrase: str = PHRASE) -> Wallet:
        new = NewWallet("ccxx-test", REGTEST, roles, SeedPhrase(phrase), "passphrase")
        return create_wallet(tmp_path / name, new)

    return make
