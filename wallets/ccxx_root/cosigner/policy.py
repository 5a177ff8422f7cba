"""The operator's rules, pure: what may be signed for whom, how much a day, and when.

They come on top of the protocol's rules: what an observer would not count never gets here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType

from ccxx_cert.identity import format_outpoint
from ccxx_core.amount import COIN, format_amount
from ccxx_core.transaction import OutPoint
from ccxx_root.cosigner.face_value import NOTHING, Amounts, FaceValue, check_face_value
from ccxx_root.cosigner.refusals import CosignerError, Refusal

DAY_SECONDS = 86_400
DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GRANT, HAND_OVER, CLAIM = "permit", "transfer", "claim"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one issuer may have signed; `a day` is the last 24 hours, money is in satoshis.

    `hours` are minutes after midnight, from and to. Face values are by unit; none: no limit.
    """

    actions: frozenset[str] = frozenset({"issue", "batch", "transfer", "refresh", "join"})
    certificates_at_once: int = 3_000
    certificates_a_day: int = 10_000
    transfers_a_day: int = 1_000
    value_a_day: int = 20 * COIN
    face_value_a_day: Amounts = field(default_factory=lambda: NOTHING)
    highest_fee: int = COIN // 20
    hours: tuple[int, int] = (0, 24 * 60)
    days: tuple[str, ...] = DAY_NAMES
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All that the operator decides; `issuers` have limits of their own, by key."""

    limits: Limits = field(default_factory=Limits)
    issuers: Mapping[bytes, Limits] = field(default_factory=lambda: MappingProxyType({}))
    approvals: int = 2
    sign_unknown_types: bool = False
    utc_offset_minutes: int = 0
    requests_a_minute: int = 120
    largest_body: int = 8_000_000

    def limits_of(self, issuer_key: bytes | None) -> Limits:
        """Return the limits of an issuer, else those that hold for everybody."""
        return self.limits if issuer_key is None else self.issuers.get(issuer_key, self.limits)


@dataclass(frozen=True, slots=True)
class Moved:
    """A certificate that is handed over: what its past and its type say about that.

    `rested` counts blocks since it last changed hands. `rules` are the type definition's, None
    where the definition is not known here.
    """

    certificate: OutPoint
    transfers: int
    rested: int
    rules: Mapping[str, object] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a transaction means to the policy, worked out from our own node and registry.

    `permit` is the permit used or granted. `issuer_key` is None for a grant, whose script hides it.
    `signable` are the inputs that a co-signer may sign.
    """

    action: str
    issuer_key: bytes | None
    permit: OutPoint
    signable: tuple[int, ...]
    issued: int = 0
    serial_start: int = 0
    moved: tuple[Moved, ...] = ()
    value: int = 0
    face: FaceValue = field(default_factory=FaceValue)
    fee: int = 0

    @property
    def counted(self) -> int:
        """Certificates that limits count; that of a claim was counted with its deferred batch."""
        return 0 if self.action == CLAIM else self.issued


@dataclass(frozen=True, slots=True)
class Usage:
    """What was signed for an issuer in the last 24 hours."""

    issued: int = 0
    transfers: int = 0
    value: int = 0
    face: Amounts = field(default_factory=lambda: NOTHING)


def check_policy(order: Order, policy: Policy, usage: Usage, approvals: int, now: int) -> None:
    """Raise CosignerError with the first rule of the operator that an order breaks.

    `approvals` counts the officers who approved the order's permit; `now` is unix time.
    """
    if approvals < policy.approvals:
        raise CosignerError(
            Refusal.APPROVAL_NEEDED,
            f"permit {format_outpoint(order.permit)} has {approvals} approvals, needs"
            f" {policy.approvals}; let officers run `ccxx-root cosigner approve`",
        )
    limits = policy.limits_of(order.issuer_key)
    _check_time(limits, policy, now)
    _check_fee(order, limits)
    if order.action == GRANT:
        return
    _check_action(order, limits)
    _check_amounts(order, limits, usage)
    check_face_value(order.face, usage.face, limits.face_value_a_day)
    if order.action == HAND_OVER:
        for moved in order.moved:
            check_moved(moved, policy)


def check_moved(moved: Moved, policy: Policy) -> None:
    """Check waiting time and transfer limit of a certificate's type; raises CosignerError."""
    name = format_outpoint(moved.certificate)
    if moved.rules is None:
        if policy.sign_unknown_types:
            return
        raise CosignerError(
            Refusal.UNKNOWN_TYPE,
            f"the type definition of certificate {name} is not known here; give it with --types",
        )
    limit, waiting = moved.rules.get("transfer_limit"), moved.rules.get("waiting_blocks", 0)
    if isinstance(limit, int) and moved.transfers >= limit:
        raise CosignerError(
            Refusal.TRANSFER_LIMIT,
            f"certificate {name} changed hands {moved.transfers} times, its type allows {limit}",
        )
    if isinstance(waiting, int) and moved.rested < waiting:
        raise CosignerError(
            Refusal.WAITING_TIME,
            f"certificate {name} changed hands {moved.rested} blocks ago, its type asks for"
            f" {waiting}; wait for {waiting - moved.rested} more",
        )


def _check_time(limits: Limits, policy: Policy, now: int) -> None:
    if limits.paused:
        raise CosignerError(
            Refusal.ISSUER_PAUSED, "signing for this issuer is paused; ask the root organisation"
        )
    zone = timezone(timedelta(minutes=policy.utc_offset_minutes))
    local = datetime.fromtimestamp(now, UTC).astimezone(zone)
    minute = local.hour * 60 + local.minute
    start, end = limits.hours
    if DAY_NAMES[local.weekday()] not in limits.days or not start <= minute < end:
        raise CosignerError(
            Refusal.OUTSIDE_HOURS,
            f"nothing is signed on {DAY_NAMES[local.weekday()]} at {local:%H:%M}; hours are"
            f" {format_minute(start)}-{format_minute(end)}, {' '.join(limits.days)}",
        )


def _check_fee(order: Order, limits: Limits) -> None:
    if order.fee > limits.highest_fee:
        raise CosignerError(
            Refusal.FEE_ABOVE_POLICY,
            f"the fee is {format_amount(order.fee)}, at most"
            f" {format_amount(limits.highest_fee)} is allowed; draft it with a lower --feerate",
        )


def _check_action(order: Order, limits: Limits) -> None:
    if order.action not in limits.actions:
        raise CosignerError(
            Refusal.ACTION_NOT_ALLOWED,
            f"{order.action} is not signed here, only {' '.join(sorted(limits.actions))}; have the"
            " root sign by hand, in a wallet folder without a policy, or its operator add"
            f" {order.action} to `actions` in the policy",
        )


def _check_amounts(order: Order, limits: Limits, usage: Usage) -> None:
    if order.issued > limits.certificates_at_once:
        raise CosignerError(
            Refusal.TOO_MANY_AT_ONCE,
            f"{order.issued} certificates in one transaction, at most"
            f" {limits.certificates_at_once} are allowed; split the batch",
        )
    counts = (
        (Refusal.CERTIFICATES_A_DAY, usage.issued, order.counted, limits.certificates_a_day),
        (Refusal.TRANSFERS_A_DAY, usage.transfers, len(order.moved), limits.transfers_a_day),
    )
    for refusal, signed, more, most in counts:
        if more and signed + more > most:
            raise CosignerError(
                refusal, f"{signed} signed in 24 hours, {more} more wanted, at most {most}"
            )
    if order.value and usage.value + order.value > limits.value_a_day:
        raise CosignerError(
            Refusal.VALUE_A_DAY,
            f"credit worth {format_amount(usage.value)} signed in 24 hours,"
            f" {format_amount(order.value)} more wanted, at most"
            f" {format_amount(limits.value_a_day)}",
        )


def format_minute(minute: int) -> str:
    """Print minutes after midnight as a clock does."""
    return f"{minute // 60:02}:{minute % 60:02}"
