"""When a transaction may be mined at the earliest, in words: lock time and sequence numbers."""

from __future__ import annotations

from ccxx_core.spending import SEQUENCE_DISABLED, SEQUENCE_IN_SECONDS, SEQUENCE_MASK
from ccxx_core.transaction import Transaction
from ccxx_explorer.language import say, say_count
from ccxx_explorer.wording import format_duration, format_time

FINAL = 0xFFFFFFFF
_TIME_THRESHOLD = 500_000_000
# BIP 125: an input with a lower sequence says that the transaction may be replaced.
_LEAST_NOT_REPLACEABLE = 0xFFFFFFFE
_UNIT_SECONDS = 512


def locktime_words(tx: Transaction) -> str:
    """Say what the lock time of a transaction means."""
    if tx.locktime == 0:
        return say("it could be mined at once")
    if all(tx_input.sequence == FINAL for tx_input in tx.inputs):
        return say("without effect: every input is final")
    if tx.locktime < _TIME_THRESHOLD:
        return say("only in a block above %(height)s", height=tx.locktime)
    return say(
        "only in a block whose median time past is after %(time)s", time=format_time(tx.locktime)
    )


def sequence_words(sequence: int, version: int) -> str:
    """Say what the sequence number of an input means (BIP 68, BIP 125)."""
    if sequence == FINAL:
        return say("final")
    if sequence == _LEAST_NOT_REPLACEABLE:
        return say("the lock time applies")
    if sequence & SEQUENCE_DISABLED or version < 2:
        return say("may be replaced by one with a higher fee while unconfirmed")
    count = sequence & SEQUENCE_MASK
    if sequence & SEQUENCE_IN_SECONDS:
        span = format_duration(count * _UNIT_SECONDS)
        return say("not before its coin is %(span)s old", span=span)
    return say_count(
        "not before its coin has %(count)s confirmation",
        "not before its coin has %(count)s confirmations",
        count,
    )
