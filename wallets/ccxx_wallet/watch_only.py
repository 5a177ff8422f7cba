"""Reading what a watch-only wallet is to watch: accounts, from options or from a file."""

from collections.abc import Collection, Sequence
from pathlib import Path

from ccxx_cert.canonical import decode_json
from ccxx_core.errors import DecodeError
from ccxx_core.network import Network
from ccxx_wallet.descriptors import parse_account
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import read_file
from ccxx_wallet.keyring import PublicAccount, Role


def read_accounts(
    given: Sequence[str], file: Path | None, network: Network, roles: Collection[Role]
) -> tuple[PublicAccount, ...]:
    """Return the accounts to watch, one for each role; several texts about one account are one.

    Raises WalletError BAD_DESCRIPTOR for what is no account of a role of this program.
    """
    texts = [*given, *([] if file is None else _texts_of(file))]
    accounts: dict[Role, PublicAccount] = {}
    for text in texts:
        account = parse_account(text, network)
        if account.role not in roles:
            raise WalletError(
                Refusal.BAD_DESCRIPTOR,
                f"a {account.role} account has no use here; this program has the roles"
                f" {', '.join(roles)}",
            )
        known = accounts.setdefault(account.role, account)
        if known.key.xpub() != account.key.xpub():
            raise WalletError(
                Refusal.BAD_DESCRIPTOR,
                f"two different {account.role} accounts are given; make one wallet for each",
            )
    if not accounts:
        raise WalletError(
            Refusal.BAD_DESCRIPTOR, f"{file} names no account; give what `descriptor export` writes"
        )
    return tuple(accounts[role] for role in roles if role in accounts)


def _texts_of(file: Path) -> list[str]:
    """Return the accounts in a file: JSON of `descriptor export`, or one a line."""
    body = read_file(file, limit=1_000_000).decode(errors="replace")
    try:
        document = decode_json(body)
    except DecodeError:
        lines = (line.strip() for line in body.splitlines())
        return [line for line in lines if line and not line.startswith("#")]
    try:
        return [f"{each['role']}={each['key']}" for each in document["accounts"]]
    except (KeyError, TypeError) as error:
        raise WalletError(
            Refusal.BAD_FILE, f"{file} has no accounts; give what `descriptor export` writes"
        ) from error
