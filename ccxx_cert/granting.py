"""Rule 4: root credit becomes a permit."""

from ccxx_cert.authority import watch_floats, watch_permit
from ccxx_cert.conservation import check_conserved, check_whole
from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.records import PermitMessage
from ccxx_cert.rotation import keys_at
from ccxx_cert.spend import Outcome, Spend
from ccxx_cert.state import Credit, CreditKind, Permit, Record, RegistryView, get_root
from ccxx_core.transaction import TxOutput


def grant(message: PermitMessage, spend: Spend, view: RegistryView) -> Outcome:
    """Rule 4: root credit becomes a permit."""
    check_conserved(spend)
    root_script = _check_root_credit(spend, view)
    coins, change = _split_grant(spend.credit_outputs, root_script)
    value = sum(coin.value for coin in coins)
    if value != message.quantity * CERTIFICATE_VALUE:
        wanted = message.quantity * CERTIFICATE_VALUE
        raise CertificateError(Refusal.WRONG_PERMIT_VALUE, f"value {value}, need {wanted}")
    check_whole(coins)
    permit_id = spend.outpoint(0)
    records: list[Record] = [
        Credit(spend.outpoint(vout), coin.value, coin.script_pubkey, CreditKind.PERMIT, permit_id)
        for vout, coin in enumerate(coins)
    ]
    if change is not None:
        vout = len(coins)
        records.append(Credit(spend.outpoint(vout), change.value, root_script, CreditKind.ROOT))
    term = keys_at(view, spend.moment.height)
    records.append(
        Permit(
            permit_id,
            message,
            coins[0].script_pubkey,
            term.root_key,
            term.system_key,
            spend.moment,
            value,
        )
    )
    records += watch_floats(spend, view)
    records.append(watch_permit(coins[0].script_pubkey))
    return Outcome(tuple(records), (permit_id,))


def _check_root_credit(spend: Spend, view: RegistryView) -> bytes:
    """Check that only credit of the root in force is spent, and return its script."""
    if any(credit.kind is not CreditKind.ROOT for _, credit in spend.credits):
        raise CertificateError(Refusal.NOT_ROOT_CREDIT, "an input is other credit")
    root = get_root(view)
    scripts = {credit.script_pubkey for _, credit in spend.credits}
    if root is None or scripts != {root.script_pubkey}:
        raise CertificateError(Refusal.OLD_ROOT_SCRIPT, "an input has the script of an older root")
    return root.script_pubkey


def _split_grant(
    outputs: tuple[TxOutput, ...], root_script: bytes
) -> tuple[tuple[TxOutput, ...], TxOutput | None]:
    """Split a grant's credit outputs into permit coins and the optional root change."""
    change = outputs[-1] if outputs and outputs[-1].script_pubkey == root_script else None
    coins = outputs if change is None else outputs[:-1]
    if not coins:
        raise CertificateError(Refusal.NO_PERMIT_OUTPUT, "no output before the message is a permit")
    if any(coin.script_pubkey == root_script for coin in coins):
        raise CertificateError(Refusal.PERMIT_TO_ROOT, "a permit coin pays to the root script")
    if len({coin.script_pubkey for coin in coins}) > 1:
        raise CertificateError(Refusal.PERMIT_SCRIPTS_DIFFER, "permit coins have several scripts")
    return coins, change
