"""The permits that this issuer's keys may use, and which of their coins a draft spends."""

from collections.abc import Collection
from typing import Any

from ccxx_cert.custody import CERTIFICATE_VALUE, Wrap, permit_script, wrap
from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import Credit, Permit, get_permit
from ccxx_cert.status import permit_status
from ccxx_cert.type_definition import TypeDefinition, check_type_definition
from ccxx_core.errors import CcxxError
from ccxx_core.script import is_p2sh
from ccxx_core.transaction import OutPoint, TxOutput
from ccxx_wallet.builder import CreditInput
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.keyring import Role
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.permit_facts import permit_facts


def own_permits(live: LiveWallet) -> list[tuple[Permit, bytes, bytes]]:
    """Return (permit, our issuer key, permit script) for the permits our keys are part of.

    An issuer's key is hidden in the permit's script until used: each of ours is tried.
    """
    keys = [key.public_key for key in live.wallet.store.watched_keys(Role.ISSUER)]
    found = []
    for permit in live.registry.permits():
        current = get_permit(live.ahead, permit.id) or permit
        for key in keys:
            script = permit_script(permit.root_key, key, permit.system_key)
            if permit.script_pubkey in (wrap(script, how) for how in Wrap):
                found.append((current, key, script))
    return found


def list_permits(live: LiveWallet) -> list[dict[str, Any]]:
    """Give our permits as JSON."""
    rows = []
    for permit, key, _ in own_permits(live):
        status = permit_status(permit, live.tip_height, live.wallet.store.tip_median_time())
        facts = permit_facts(permit, status, live.wallet.network)
        has_type = live.wallet.store.document(permit.message.typedef_hash) is not None
        rows.append({**facts, "issuer_key": key.hex(), "has_type_definition": has_type})
    return rows


def choose_permit(
    live: LiveWallet, wanted: OutPoint | None, definition: TypeDefinition | None
) -> tuple[Permit, bytes, bytes]:
    """Return the permit to issue under: the one named, or the only one with credit.

    A type definition narrows the choice. Raises WalletError UNKNOWN_PERMIT.
    """
    own = own_permits(live)
    found = [each for each in own if wanted is None or each[0].id == wanted]
    if wanted is not None and not found:
        raise WalletError(
            Refusal.UNKNOWN_PERMIT,
            f"{format_outpoint(wanted)} is no permit of this wallet's keys; see permit list",
        )
    if wanted is None:
        found = [each for each in own if each[0].credit and _fits(each[0], definition)]
    if not found:
        raise WalletError(
            Refusal.UNKNOWN_PERMIT,
            "no permit with credit left is for this wallet's keys (and this type); ask the root"
            " to grant one to the key that `ccxx-issuer key` shows",
        )
    if len(found) > 1:
        names = ", ".join(format_outpoint(permit.id) for permit, _, _ in found)
        raise WalletError(Refusal.UNKNOWN_PERMIT, f"several permits; choose with --permit: {names}")
    return found[0]


def check_definition(permit: Permit, definition: TypeDefinition | None) -> None:
    """Check a type definition against a permit; raises WalletError WRONG_TYPE_DEFINITION."""
    if definition is None:
        return
    try:
        check_type_definition(definition, permit.message)
    except CcxxError as error:
        raise WalletError(
            Refusal.WRONG_TYPE_DEFINITION,
            f"this is not the type definition of permit {format_outpoint(permit.id)} ({error});"
            " ask the root for the file that was granted",
        ) from error


def choose_coin(live: LiveWallet, permit: Permit, count: int) -> Credit:
    """Return a permit coin worth `count` certificates.

    Raises WalletError NOT_ENOUGH_CREDIT, saying whether a smaller batch would do.
    """
    if count < 1:
        raise WalletError(Refusal.NOT_ENOUGH_CREDIT, "quantity is 0; issue at least 1 certificate")
    coins = live.credit_of(permit.id)
    for coin in coins:
        if coin.value >= count * CERTIFICATE_VALUE:
            return coin
    most = max((coin.value // CERTIFICATE_VALUE for coin in coins), default=0)
    left = permit.credit // CERTIFICATE_VALUE
    advice = f"issue at most {most} at once" if left >= count else "ask the root for another permit"
    raise WalletError(
        Refusal.NOT_ENOUGH_CREDIT,
        f"the permit has {left} certificates left, {most} in its largest coin, {count} wanted;"
        f" {advice}",
    )


def permit_input(live: LiveWallet, coin: Credit, script: bytes, key: bytes) -> CreditInput:
    """Describe a permit coin to its co-signers."""
    return CreditInput(
        coin.outpoint,
        TxOutput(coin.value, coin.script_pubkey),
        script,
        signatures=3,
        previous=live.previous(coin.outpoint) if is_p2sh(coin.script_pubkey) else None,
        origins=live.wallet.origins(key),
    )


def first_free_serial(used: Collection[int], count: int) -> int:
    """Return the first serial from which `count` serials are unused."""
    start = 1
    for serial in sorted(used):
        if serial - start >= count:
            break
        start = max(start, serial + 1)
    return start


def _fits(permit: Permit, definition: TypeDefinition | None) -> bool:
    return definition is None or permit.message.typedef_hash == definition.typedef_hash
