"""What certificates are worth outside of the chain: the face value in their type definition. Pure.

Amounts are whole numbers of hundred-millionths of a unit, so that they add up exactly.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ccxx_root.cosigner.refusals import CosignerError, Refusal

_AMOUNT = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,8}))?")
_DIGITS = 8

Amounts = Mapping[str, int]
NOTHING: Amounts = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FaceValue:
    """What an order's certificates are worth, by unit; `unknown` are those nobody can add up."""

    amounts: Amounts = field(default_factory=lambda: NOTHING)
    unknown: int = 0


def parse_face_amount(text: str) -> int:
    """Read an amount such as 12.50; ValueError for what is none."""
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is no amount such as 12.50")
    return int(found[1] + (found[2] or "").ljust(_DIGITS, "0"))


def format_face_amount(amount: int) -> str:
    """Print an amount without needless zeros."""
    whole, part = divmod(amount, 10**_DIGITS)
    return f"{whole}.{part:0{_DIGITS}}".rstrip("0").rstrip(".")


def total_face(certificates: Iterable[tuple[int, Mapping[str, object] | None]]) -> FaceValue:
    """Add up numbers of certificates, each with the rules of its type (None: not known here)."""
    amounts: Counter[str] = Counter()
    unknown = 0
    for count, rules in certificates:
        face = None if rules is None else rules.get("face_value")
        if rules is not None and face is None:
            # A type without a face value is worth nothing in any unit.
            continue
        try:
            amount, unit = parse_face_amount(_word(face, "amount")), _word(face, "unit")
        except ValueError:
            unknown += count
            continue
        amounts[unit] += count * amount
    return FaceValue(MappingProxyType(dict(amounts)), unknown)


def check_face_value(face: FaceValue, signed: Amounts, limits: Amounts) -> None:
    """Check face values signed in 24 hours, and wanted now, against the limits, if there are any.

    Raises CosignerError FACE_VALUE_A_DAY, also for a unit without a limit: it could not be held.
    """
    if not limits:
        return
    if face.unknown:
        raise CosignerError(
            Refusal.FACE_VALUE_A_DAY,
            f"the face value of {face.unknown} certificates cannot be told: give the type"
            " definition with --types, with an amount such as 12.50",
        )
    for unit, wanted in face.amounts.items():
        if unit not in limits:
            raise CosignerError(
                Refusal.FACE_VALUE_A_DAY, f"face value in {unit} has no limit in the policy"
            )
        before = signed.get(unit, 0)
        if wanted and before + wanted > limits[unit]:
            raise CosignerError(
                Refusal.FACE_VALUE_A_DAY,
                f"face value of {format_face_amount(before)} {unit} signed in 24 hours,"
                f" {format_face_amount(wanted)} more wanted, at most"
                f" {format_face_amount(limits[unit])}",
            )


def _word(face: object, name: str) -> str:
    found = face.get(name) if isinstance(face, Mapping) else None
    if not isinstance(found, str):
        raise ValueError(f"no {name}")
    return found
