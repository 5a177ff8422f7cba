"""The outputs that each op needs before its plain coins (section 4).

A draft names the credit it spends and the outputs up to the OP_RETURN; a wallet adds plain inputs
that pay the fee, and plain change behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ccxx_cert.codec import encode_message
from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.identity import cert_ref
from ccxx_cert.records import (
    BatchMessage,
    ClaimMessage,
    IssueMessage,
    Message,
    PermitMessage,
    RecoverMessage,
    TransferMessage,
)
from ccxx_cert.state import Certificate, Credit, CreditKind
from ccxx_core.script import null_data_script
from ccxx_core.transaction import OutPoint, TxOutput

DEFAULT_FAN_OUT = 8


@dataclass(frozen=True, slots=True)
class Draft:
    """Credit to spend, first and in this order, and the outputs up to and with the message.

    `spoken_by` are the output scripts of which one must be spent as a plain coin, so that the
    message has authority; none where credit gives it.
    """

    credit_inputs: tuple[OutPoint, ...]
    outputs: tuple[TxOutput, ...]
    message: Message
    spoken_by: tuple[bytes, ...] = ()


def draft_permit(
    message: PermitMessage,
    permit_script_pubkey: bytes,
    root_credit: Sequence[Credit],
    coins: int = DEFAULT_FAN_OUT,
) -> Draft:
    """Grant a permit, fanned out to at most `coins` coins; what is left returns to the root."""
    available = sum(credit.value for credit in root_credit)
    needed = message.quantity * CERTIFICATE_VALUE
    if not root_credit or any(credit.kind is not CreditKind.ROOT for credit in root_credit):
        raise CertificateError(Refusal.NOT_ROOT_CREDIT, "a permit is granted from root credit")
    if needed > available:
        raise CertificateError(
            Refusal.WRONG_PERMIT_VALUE,
            f"root credit is enough for {available // CERTIFICATE_VALUE} certificates, "
            f"not {message.quantity}",
        )
    outputs = [
        TxOutput(count * CERTIFICATE_VALUE, permit_script_pubkey)
        for count in fan_out(message.quantity, coins)
    ]
    if needed < available:
        outputs.append(TxOutput(available - needed, root_credit[0].script_pubkey))
    return _draft(message, root_credit, outputs)


def draft_issue(message: IssueMessage, certificate_pubkey: bytes, permit_coin: Credit) -> Draft:
    """Issue one certificate from a permit coin."""
    return _draft(message, (permit_coin,), _minted((certificate_pubkey,), permit_coin))


def draft_claim(message: ClaimMessage, certificate_pubkey: bytes, permit_coin: Credit) -> Draft:
    """Issue one leaf of a deferred batch from a permit coin."""
    return _draft(message, (permit_coin,), _minted((certificate_pubkey,), permit_coin))


def draft_deferred_batch(message: BatchMessage, permit_coin: Credit) -> Draft:
    """Reserve the serials of a batch whose certificates are claimed later."""
    if not message.deferred:
        raise CertificateError(Refusal.NOT_A_DEFERRED_BATCH, "the message mints its certificates")
    return _draft(message, (permit_coin,), _minted((), permit_coin))


def draft_batch(
    message: BatchMessage, certificate_pubkeys: Sequence[bytes], permit_coin: Credit
) -> Draft:
    """Issue a batch from a permit coin; the i-th script is that of leaf i."""
    if len(certificate_pubkeys) != message.count:
        raise CertificateError(
            Refusal.WRONG_OUTPUT_COUNT,
            f"{len(certificate_pubkeys)} scripts for {message.count} certificates",
        )
    return _draft(message, (permit_coin,), _minted(certificate_pubkeys, permit_coin))


def draft_transfer(
    certificates: Sequence[Certificate],
    certificate_pubkeys: Sequence[bytes],
    holder_key: bytes | None,
    deed_hash: bytes,
) -> Draft:
    """Pass certificates on; the message names the first one and its new holder's key."""
    inputs = locations_of(certificates)
    message = TransferMessage(cert_ref(certificates[0].id), holder_key, deed_hash)
    return _handed_over(message, inputs, certificate_pubkeys)


def draft_recover(
    certificates: Sequence[Certificate],
    certificate_pubkeys: Sequence[bytes],
    holder_key: bytes | None,
    deed_hash: bytes,
) -> Draft:
    """Give certificates another key of the same person."""
    inputs = locations_of(certificates)
    message = RecoverMessage(cert_ref(certificates[0].id), holder_key, deed_hash)
    return _handed_over(message, inputs, certificate_pubkeys)


def locations_of(certificates: Sequence[Certificate]) -> tuple[OutPoint, ...]:
    """Return where certificates lie; raises CertificateError where one lies nowhere."""
    locations = [each.location for each in certificates]
    if not locations:
        raise CertificateError(Refusal.NOT_CERTIFICATES, "there is no certificate")
    if any(location is None for location in locations):
        raise CertificateError(
            Refusal.CERTIFICATE_NOT_VALID, "a certificate is destroyed or surrendered"
        )
    return tuple(location for location in locations if location is not None)


def message_output(message: Message) -> TxOutput:
    """Return the OP_RETURN output of a message."""
    return TxOutput(0, null_data_script(encode_message(message)))


def fan_out(quantity: int, coins: int = DEFAULT_FAN_OUT) -> tuple[int, ...]:
    """Split a quantity over at most `coins` coins as evenly as whole certificates allow."""
    if quantity < 1 or coins < 1:
        raise ValueError(f"quantity {quantity} over {coins} coins")
    used = min(quantity, coins)
    each, more = divmod(quantity, used)
    return tuple(each + 1 if position < more else each for position in range(used))


def _handed_over(
    message: Message, inputs: tuple[OutPoint, ...], certificate_pubkeys: Sequence[bytes]
) -> Draft:
    if len(inputs) != len(certificate_pubkeys):
        raise CertificateError(
            Refusal.WRONG_OUTPUT_COUNT,
            f"{len(certificate_pubkeys)} scripts for {len(inputs)} certificates",
        )
    outputs = [TxOutput(CERTIFICATE_VALUE, script) for script in certificate_pubkeys]
    return Draft(inputs, (*outputs, message_output(message)), message)


def _draft(message: Message, credit: Sequence[Credit], outputs: Sequence[TxOutput]) -> Draft:
    inputs = tuple(coin.outpoint for coin in credit)
    return Draft(inputs, (*outputs, message_output(message)), message)


def _minted(certificate_pubkeys: Sequence[bytes], permit_coin: Credit) -> list[TxOutput]:
    if permit_coin.kind is not CreditKind.PERMIT:
        raise CertificateError(Refusal.NOT_ONE_PERMIT_COIN, f"{permit_coin.kind} credit")
    spent = len(certificate_pubkeys) * CERTIFICATE_VALUE
    if spent > permit_coin.value:
        raise CertificateError(
            Refusal.NOT_CONSERVED,
            f"the permit coin is enough for {permit_coin.value // CERTIFICATE_VALUE} certificates, "
            f"not {len(certificate_pubkeys)}",
        )
    outputs = [TxOutput(CERTIFICATE_VALUE, script) for script in certificate_pubkeys]
    if spent < permit_coin.value:
        outputs.append(TxOutput(permit_coin.value - spent, permit_coin.script_pubkey))
    return outputs
