"""Who may ask: random tokens, kept as hashes only, each for a role and for issuers' keys.

A token has 256 bits of its own entropy, so one SHA-256 keeps it as safe as a slow hash would.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from ccxx_core.hashes import sha256
from ccxx_root.cosigner.ledger import Ledger, StoredToken
from ccxx_root.cosigner.policy import GRANT
from ccxx_root.cosigner.refusals import CosignerError, Refusal

PREFIX = "ccxx_"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_HOLDER_ACTIONS = frozenset({"transfer", "surrender", "refresh"})


class TokenRole(StrEnum):
    """What the owner of a token may ask for."""

    ISSUER = "issuer"
    HOLDER = "holder"
    OFFICER = "officer"
    # Who sits at the machine with the passphrase: files signed by hand.
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who showed a token; a holder without issuer keys may ask about any issuer's."""

    name: str
    role: TokenRole
    issuer_keys: tuple[bytes, ...] = ()


OPERATOR = Caller("operator", TokenRole.OPERATOR)


def new_token(ledger: Ledger, entropy: bytes, kept: StoredToken) -> str:
    """Make a token of 32 random bytes and keep its hash; return it, which nobody can do again.

    Raises CosignerError BAD_TOKEN where its name or what it is for makes no sense.
    """
    if _NAME.fullmatch(kept.name) is None or kept.name == OPERATOR.name:
        raise _bad(f"{kept.name[:64]!r} is no name: letters, digits and ._@- only")
    if kept.role == TokenRole.ISSUER and not kept.issuer_keys:
        raise _bad("a token of an issuer needs its --issuer-key")
    token = PREFIX + entropy.hex()
    stored = StoredToken(
        kept.name, kept.role, hash_token(token), kept.issuer_keys, kept.fingerprint, kept.time
    )
    if not ledger.add_token(stored):
        raise _bad(f"there is a token {kept.name} already; remove it, or name another")
    return token


def hash_token(token: str) -> bytes:
    """Return the hash under which a token is kept."""
    # A stranger may send bytes that are no text: they are the hash of nothing.
    return sha256(token.encode(errors="replace"))


def find_caller(ledger: Ledger, token: str, fingerprint: bytes | None) -> Caller:
    """Return who shows a token, over a connection whose certificate has a fingerprint.

    Raises CosignerError UNAUTHORIZED, which does not say what was wrong.
    """
    stored = ledger.token_of(hash_token(token))
    if stored is None or stored.fingerprint not in (None, fingerprint):
        raise CosignerError(
            Refusal.UNAUTHORIZED,
            "the token is not known, or the client certificate is not the one it is bound to; ask"
            " the root organisation for a new token",
        )
    return Caller(stored.name, TokenRole(stored.role), stored.issuer_keys)


def check_caller(caller: Caller, action: str, issuer_key: bytes | None) -> None:
    """Check that a caller may have an action of an issuer signed; raises CosignerError."""
    allowed = {
        TokenRole.OPERATOR: True,
        TokenRole.OFFICER: action == GRANT,
        TokenRole.ISSUER: action != GRANT,
        TokenRole.HOLDER: action in _HOLDER_ACTIONS,
    }[caller.role]
    if not allowed:
        raise CosignerError(
            Refusal.ROLE_NOT_ALLOWED, f"tokens of the role {caller.role} cannot ask for {action}"
        )
    if caller.issuer_keys and issuer_key not in caller.issuer_keys:
        raise CosignerError(
            Refusal.NOT_YOUR_ISSUER,
            f"the token {caller.name} is not for the issuer of this {action}",
        )


def _bad(detail: str) -> CosignerError:
    return CosignerError(Refusal.BAD_TOKEN, detail)
