"""Where a transaction carries a message, and what it is: the envelope of section 2."""

from dataclasses import dataclass
from typing import NamedTuple

from ccxx_cert.codec import MAX_PAYLOAD, decode_message
from ccxx_cert.errors import Malformed, NewerVersion, NotOurs, Refusal
from ccxx_cert.records import Message
from ccxx_core.opcodes import Op as Opcode
from ccxx_core.script import null_data_script
from ccxx_core.transaction import Transaction

_OP_RETURN = bytes([Opcode.OP_RETURN])
_LONGEST_SHORT_PUSH = 75


class Envelope(NamedTuple):
    """The transaction's single OP_RETURN: outputs before `marker` carry credit."""

    marker: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """A message of ours, or why a payload of ours is none."""

    marker: int
    payload: bytes
    message: Message | None
    refusal: Refusal | None = None
    detail: str = ""


def find_message(tx: Transaction) -> Envelope | None:
    """Return the payload of the single OP_RETURN in the exact form of section 2, else None.

    Two OP_RETURN outputs, two pushes, another push form, or a value: no message.
    """
    found = [
        (index, output)
        for index, output in enumerate(tx.outputs)
        if output.script_pubkey[:1] == _OP_RETURN
    ]
    if len(found) != 1 or found[0][1].value != 0:
        return None
    index, output = found[0]
    payload = _single_push(output.script_pubkey)
    return None if payload is None else Envelope(index, payload)


def read_message(tx: Transaction) -> Reading | None:
    """Read the CCXC message of a transaction; None where it carries none of ours."""
    envelope = find_message(tx)
    if envelope is None:
        return None
    try:
        return Reading(*envelope, decode_message(envelope.payload))
    except NotOurs:
        return None
    except NewerVersion as error:
        return Reading(*envelope, None, Refusal.NEEDS_NEWER, str(error))
    except Malformed as error:
        return Reading(*envelope, None, Refusal.MALFORMED, str(error))


def _single_push(script: bytes) -> bytes | None:
    prefix = 2 if len(script) - 2 <= _LONGEST_SHORT_PUSH else 3
    payload = script[prefix:]
    if not 1 <= len(payload) <= MAX_PAYLOAD or null_data_script(payload) != script:
        return None
    return payload
