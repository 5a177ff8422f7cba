"""JSON types of parameters, for the methods that look at all of them before anything else.

Other methods complain when they come to a parameter, in other words and with another code (-1
instead of -3): clients of the family know both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ccxx_node.rpc.errors import Code, RpcFault
from ccxx_node.rpc.wire import Json

_NAMES: Mapping[type, str] = {str: "string", list: "array", dict: "object", bool: "bool"}


@dataclass(frozen=True, slots=True)
class Kinds:
    """The types that a method's parameters must have, in their order."""

    names: tuple[str, ...]
    takes_null: bool = True

    def check(self, given: Sequence[Json]) -> None:
        """Raise `RpcFault` for the first parameter of another type."""
        for value, wanted in zip(given, self.names, strict=False):
            if value is None and self.takes_null:
                continue
            found = "null" if value is None else _NAMES.get(type(value), "number")
            if wanted not in ("any", found):
                raise RpcFault(Code.TYPE_ERROR, f"Expected type {wanted}, got {found}")


NO_KINDS = Kinds(())
_CREATE = Kinds(("array", "any", "number", "bool"))

KINDS: Mapping[str, Kinds] = {
    "combinepsbt": Kinds(("array",)),
    "converttopsbt": Kinds(("string", "bool", "bool")),
    "createpsbt": _CREATE,
    "createrawtransaction": _CREATE,
    "decodepsbt": Kinds(("string",), takes_null=False),
    "decoderawtransaction": Kinds(("string", "bool"), takes_null=False),
    "decodescript": Kinds(("string",), takes_null=False),
    "estimaterawfee": Kinds(("number", "number")),
    "estimatesmartfee": Kinds(("number", "string"), takes_null=False),
    "finalizepsbt": Kinds(("string", "bool")),
    "scantxoutset": Kinds(("string", "array"), takes_null=False),
    "sendrawtransaction": Kinds(("string", "bool"), takes_null=False),
    "signrawtransactionwithkey": Kinds(("string", "array", "array", "string")),
    "testmempoolaccept": Kinds(("array", "bool"), takes_null=False),
}
