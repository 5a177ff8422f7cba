"""Accounts as other wallets write them: key expressions and descriptors (BIP 380), both ways.

Pure. A role whose keys guard only multisigs has no descriptor of its own; its key expression is
what a co-signing wallet asks for.
"""

import re

from ccxx_core.bip32 import HdKey, KeyOrigin, format_path
from ccxx_core.descriptor import add_checksum, format_origin, parse_origin
from ccxx_core.errors import DecodeError
from ccxx_core.network import Network
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.keyring import CHANGE, RECEIVE, PublicAccount, Role, find_role

# Roles whose keys receive ordinary coins, or the root credit, at a P2WPKH script.
KEY_HASH_ROLES = frozenset({Role.PLAIN, Role.ISSUER, Role.CREDIT})
_ACCOUNT = re.compile(
    r"(?:(?P<role>[a-z]+)=)?(?P<wrap>wpkh\()?"
    r"\[(?P<master>[0-9a-fA-F]{8})(?P<path>(?:/[0-9]{1,10}[h']?)*)\]"
    r"(?P<key>[1-9A-HJ-NP-Za-km-z]{107,115})(?:/(?:[01]|<0;1>)/\*)?(?P<end>\))?"
)


def key_expression(account: PublicAccount) -> str:
    """Print an account's public key with its origin: `[d34db33f/84h/571h/0h]xpub…`."""
    return f"[{format_origin(account.master)}]{account.key.xpub()}"


def account_descriptors(account: PublicAccount) -> tuple[str, ...]:
    """Print the descriptors of the ordinary coins of an account; none where it has no such."""
    if account.role not in KEY_HASH_ROLES:
        return ()
    chains = (RECEIVE, CHANGE) if account.role is Role.PLAIN else (RECEIVE,)
    return tuple(add_checksum(f"wpkh({key_expression(account)}/{chain}/*)") for chain in chains)


def parse_account(text: str, network: Network) -> PublicAccount:
    """Read an account from a descriptor or a key expression, with `role=` in front or without.

    The role follows from the path where that is one of ours. Raises WalletError BAD_DESCRIPTOR.
    """
    body = text.strip()
    try:
        if "#" in body:
            body = _without_checksum(body)
        match = _ACCOUNT.fullmatch(body)
        if match is None or bool(match["wrap"]) != bool(match["end"]):
            raise DecodeError("it names no account: wanted is [fingerprint/path]xpub, or"
                              " wpkh([fingerprint/path]xpub/0/*)")  # fmt: skip
        key = HdKey.parse(match["key"], network)
        if key.is_private:
            raise DecodeError("it holds a private key, which must not leave its wallet")
        master = parse_origin(match["master"].lower() + match["path"])
    except DecodeError as error:
        raise WalletError(
            Refusal.BAD_DESCRIPTOR,
            f"cannot watch {_shown(body)}: {error}; give what `descriptor export` prints",
        ) from error
    return PublicAccount(_role(match["role"], master, network), master, key)


def _shown(body: str) -> str:
    """Quote the beginning of a descriptor: behind it there may be a private key."""
    return repr(body[:12] + "…" * (len(body) > 12))


def _without_checksum(text: str) -> str:
    name, equals, described = text.rpartition("=")
    body, _, _ = described.partition("#")
    if add_checksum(body) != described:
        raise DecodeError("its checksum does not match, a character is mistyped")
    return name + equals + body


def _role(name: str | None, master: KeyOrigin, network: Network) -> Role:
    if name is not None and name not in set(Role):
        raise WalletError(
            Refusal.BAD_DESCRIPTOR, f"{name} is no role; give one of {', '.join(Role)}"
        )
    role = Role(name) if name is not None else find_role(master.path, network)
    if role is None:
        raise WalletError(
            Refusal.BAD_DESCRIPTOR,
            f"nothing says what the keys at {format_path(master.path)} are for; put the role in"
            f" front, such as {Role.HOLDER}=[…]xpub… (one of {', '.join(Role)})",
        )
    return role
