"""Records as lines of JSON, for stores that keep text.

The form follows the dataclasses: bytes as hex in their own order, outpoints as `txid:vout`, enums
by value, tuples as lists. It is for our own stores: people and other programs are shown `fields`
and the explorer's views.
"""

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from ccxx_cert.identity import format_outpoint, parse_outpoint
from ccxx_cert.marks import (
    Claim,
    HolderUse,
    MessageChain,
    RootState,
    WatchedCoin,
    WatchedScript,
)
from ccxx_cert.state import (
    Batch,
    Certificate,
    Credit,
    Moment,
    Permit,
    Record,
    RecordKind,
    SerialUse,
    key_of,
)
from ccxx_core.errors import DecodeError
from ccxx_core.transaction import OutPoint

_RECORDS: dict[str, Any] = {
    RecordKind.CREDIT: Credit,
    RecordKind.PERMIT: Permit,
    RecordKind.CERTIFICATE: Certificate,
    RecordKind.BATCH: Batch,
    RecordKind.SERIAL: SerialUse,
    RecordKind.CLAIM: Claim,
    RecordKind.ROOT: RootState,
    RecordKind.WATCHED_SCRIPT: WatchedScript,
    RecordKind.WATCHED_COIN: WatchedCoin,
    RecordKind.CHAIN: MessageChain,
    RecordKind.HOLDER: HolderUse,
}
_Loader = Callable[[Any], Any]


def record_to_json(record: Record) -> str:
    """Return a record as one line of JSON."""
    facts = {"record": str(key_of(record).kind), **_dump(record)}
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def record_from_json(text: str | bytes) -> Record:
    """Read a record back; raises DecodeError where the text is not what `record_to_json` wrote."""
    try:
        facts = json.loads(text)
        record: Record = _loader(_RECORDS[facts.pop("record")])(facts)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DecodeError(f"stored record does not parse: {type(error).__name__}") from None
    return record


def _dump(value: Any) -> Any:
    return _DUMPERS.get(type(value), _dump_other)(value)


def _dump_other(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case tuple():
            return [_dump(item) for item in value]
        case _:
            kind: Any = type(value)
            return {name: _dump(getattr(value, name)) for name in _hints(kind)}


def _same(value: Any) -> Any:
    return value


# The commonest first and by their exact type: an index dumps millions.
_DUMPERS: dict[type, Callable[[Any], Any]] = {
    OutPoint: format_outpoint,
    Moment: list,
    bytes: bytes.hex,
    int: _same,
    str: _same,
    bool: _same,
    NoneType: _same,
}


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


@cache
def _loader(annotation: Any) -> _Loader:
    """Return the function that reads a value of an annotated type."""
    annotation = getattr(annotation, "__supertype__", annotation)
    # `NewType | None` is a typing.Union on older Pythons.
    if get_origin(annotation) in (Union, UnionType):
        return _optional_loader(annotation)
    if get_origin(annotation) is tuple:
        item = _loader(get_args(annotation)[0])
        return lambda value: tuple(item(each) for each in value)
    if annotation is bytes:
        return bytes.fromhex
    if annotation is OutPoint:
        return parse_outpoint
    if annotation is Moment:
        whole = _exactly(int)
        return lambda value: Moment(*map(whole, value))
    if is_dataclass(annotation):
        return _dataclass_loader(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return annotation
    return _exactly(annotation)


def _exactly(kind: type) -> _Loader:
    def load(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"{type(value).__name__} where {kind.__name__} stood")
        return value

    return load


def _optional_loader(annotation: Any) -> _Loader:
    (kind,) = (each for each in get_args(annotation) if each is not NoneType)
    load = _loader(kind)
    return lambda value: None if value is None else load(value)


def _dataclass_loader(kind: Any) -> _Loader:
    loaders = {name: _loader(hint) for name, hint in _hints(kind).items()}
    return lambda facts: kind(**{name: loaders[name](value) for name, value in facts.items()})
