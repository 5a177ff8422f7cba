"""The policy file, TOML: every name is known, every value is checked, the rest has defaults."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

from ccxx_core.amount import parse_amount
from ccxx_core.errors import DecodeError
from ccxx_core.keys import is_valid_public_key
from ccxx_root.cosigner.face_value import Amounts, parse_face_amount
from ccxx_root.cosigner.policy import DAY_NAMES, Limits, Policy
from ccxx_root.cosigner.refusals import CosignerError, Refusal

# What a co-signer can sign without R standing alone for anything; `permit` has its own door.
ACTIONS = frozenset(
    "issue batch claim transfer refresh join recover surrender rekey close revoke status".split(),
)
_CLOCK = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_OFFSET = re.compile(r"([+-])(0\d|1[0-4]):([0-5]\d)")
_MOST = 2**53


def parse_policy(data: bytes) -> Policy:
    """Read a policy file; raises CosignerError BAD_POLICY with the name of what is wrong."""
    try:
        facts = tomllib.loads(data.decode())
    except ValueError as error:
        raise _bad(f"not TOML: {error}") from error
    _check_names(facts, {"limits", "issuers", "permits", "types", "service"}, "the file")
    limits = _limits(_table(facts, "limits"), Limits(), "limits")
    issuers = {
        _issuer_key(key): _limits(table, limits, f"issuers.{key[:12]}")
        for key, table in _table(facts, "issuers").items()
    }
    permits, types = _table(facts, "permits"), _table(facts, "types")
    service = _table(facts, "service")
    _check_names(permits, {"approvals"}, "permits")
    _check_names(types, {"sign_unknown"}, "types")
    _check_names(service, {"utc_offset", "requests_a_minute", "largest_body"}, "service")
    default = Policy()
    return Policy(
        limits=limits,
        issuers=MappingProxyType(issuers),
        approvals=_count(permits.get("approvals", default.approvals), "permits.approvals"),
        sign_unknown_types=_flag(types.get("sign_unknown", False), "types.sign_unknown"),
        utc_offset_minutes=_offset(service.get("utc_offset", "+00:00"), "service.utc_offset"),
        requests_a_minute=_positive(
            service.get("requests_a_minute", default.requests_a_minute), "service.requests_a_minute"
        ),
        largest_body=_positive(
            service.get("largest_body", default.largest_body), "service.largest_body"
        ),
    )


def _limits(table: Any, default: Limits, place: str) -> Limits:
    """Read limits; what an issuer's table leaves out is as for everybody."""
    if not isinstance(table, dict):
        raise _bad(f"{place} is not a table")
    # A name in an issuer's table is for its reader.
    found = {name: value for name, value in table.items() if name != "name"}
    _check_names(found, {each.name for each in fields(Limits)}, place)
    read = {name: _READERS[name](value, f"{place}.{name}") for name, value in found.items()}
    return replace(default, **read)


def _actions(value: Any, place: str) -> frozenset[str]:
    return frozenset(_words(value, ACTIONS, place))


def _days(value: Any, place: str) -> tuple[str, ...]:
    return tuple(_words(value, frozenset(DAY_NAMES), place))


def _words(value: Any, known: frozenset[str], place: str) -> list[str]:
    if not isinstance(value, list) or not all(word in known for word in map(str, value)):
        raise _bad(f"{place} is not a list of {' '.join(sorted(known))}")
    return [str(word) for word in value]


def _hours(value: Any, place: str) -> tuple[int, int]:
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _bad(f'{place} is not such as "08:00-18:00"')
    numbers = [int(part) for part in found.groups()]
    start, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
    if not start < end <= 24 * 60:
        raise _bad(f"{place} ends before it begins")
    return start, end


def _offset(value: Any, place: str) -> int:
    found = _OFFSET.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _bad(f'{place} is not such as "+02:00"')
    minutes = int(found[2]) * 60 + int(found[3])
    return -minutes if found[1] == "-" else minutes


def _count(value: Any, place: str) -> int:
    if type(value) is not int or not 0 <= value <= _MOST:
        raise _bad(f"{place} is not a number from 0")
    return value


def _positive(value: Any, place: str) -> int:
    if _count(value, place) == 0:
        raise _bad(f"{place} is 0, at least 1")
    return int(value)


def _money(value: Any, place: str) -> int:
    try:
        # Text only: a TOML number would be a float.
        return parse_amount(value if isinstance(value, str) else "")
    except DecodeError as error:
        raise _bad(f'{place} is not an amount such as "12.5"') from error


def _faces(value: Any, place: str) -> Amounts:
    try:
        # Texts only, as for money.
        amounts = {unit: parse_face_amount(f"{amount}") for unit, amount in value.items()}
        are_texts = all(isinstance(amount, str) for amount in value.values())
    except (AttributeError, ValueError) as error:
        raise _bad(f'{place} is not a table such as {{ EUR = "10000" }}') from error
    if not are_texts:
        raise _bad(f'{place} has an amount without quotes; write it as "10000"')
    return MappingProxyType(amounts)


def _flag(value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        raise _bad(f"{place} is neither true nor false")
    return value


def _issuer_key(text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 33 or not is_valid_public_key(key):
        raise _bad(f"issuers.{text[:12]} is not named by a public key of 66 hex digits")
    return key


def _table(facts: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = facts.get(name, {})
    if not isinstance(table, dict):
        raise _bad(f"{name} is not a table")
    return table


def _check_names(table: Mapping[str, Any], known: set[str], place: str) -> None:
    # A misspelt limit must not silently be no limit.
    if unknown := sorted(set(table) - known):
        raise _bad(f"{place} has the unknown name {unknown[0]!r}, known {' '.join(sorted(known))}")


def _bad(detail: str) -> CosignerError:
    return CosignerError(Refusal.BAD_POLICY, f"policy: {detail}; correct the file")


_READERS: Mapping[str, Callable[[Any, str], Any]] = {
    "actions": _actions,
    "certificates_at_once": _count,
    "certificates_a_day": _count,
    "transfers_a_day": _count,
    "value_a_day": _money,
    "face_value_a_day": _faces,
    "highest_fee": _money,
    "hours": _hours,
    "days": _days,
    "paused": _flag,
}
