"""When certificates and permits end by themselves (rule 12).

A height is the last one at which the thing is valid, a time likewise; times are compared with
median time past, never with a clock.
"""

from typing import NamedTuple

from ccxx_cert.records import ExpiryKind, PermitMessage
from ccxx_cert.state import Moment


class Deadline(NamedTuple):
    """The last valid time and height, None where there is no such limit."""

    time: int | None = None
    height: int | None = None

    def has_passed(self, height: int, median_time_past: int) -> bool:
        """Tell whether the deadline lies behind a tip."""
        if self.height is not None and height > self.height:
            return True
        return self.time is not None and median_time_past > self.time


def permit_deadline(message: PermitMessage) -> Deadline:
    """Return when a permit ends; limits counted from issue concern its certificates alone."""
    match message.expiry_kind:
        case ExpiryKind.TIME:
            return Deadline(time=message.expiry)
        case ExpiryKind.HEIGHT:
            return Deadline(height=message.expiry)
        case _:
            return Deadline()


def certificate_deadline(
    kind: ExpiryKind, expiry: int, permit: PermitMessage, issued: Moment
) -> Deadline:
    """Return the earlier of a certificate's own deadline and its permit's, made absolute."""
    own = _absolute(kind, expiry, issued)
    inherited = _absolute(permit.expiry_kind, permit.expiry, issued)
    return Deadline(_earlier(own.time, inherited.time), _earlier(own.height, inherited.height))


def _absolute(kind: ExpiryKind, expiry: int, issued: Moment) -> Deadline:
    match kind:
        case ExpiryKind.NONE | ExpiryKind.PERMIT:
            return Deadline()
        case ExpiryKind.TIME:
            return Deadline(time=expiry)
        case ExpiryKind.HEIGHT:
            return Deadline(height=expiry)
        case ExpiryKind.SECONDS_AFTER_ISSUE:
            return Deadline(time=issued.median_time_past + expiry)
        case ExpiryKind.BLOCKS_AFTER_ISSUE:
            return Deadline(height=issued.height + expiry)


def _earlier(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
