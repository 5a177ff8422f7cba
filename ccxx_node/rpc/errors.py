"""Error codes of the JSON-RPC interface, as all daemons of the family use them."""

from __future__ import annotations

from enum import IntEnum

from ccxx_core.errors import CcxxError


class Code(IntEnum):
    """What a client can tell errors apart by."""

    PARSE_ERROR = -32700
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    INTERNAL_ERROR = -32603
    MISC_ERROR = -1
    TYPE_ERROR = -3
    INVALID_ADDRESS_OR_KEY = -5
    OUT_OF_MEMORY = -7
    INVALID_PARAMETER = -8
    CLIENT_NOT_CONNECTED = -9
    CLIENT_IN_INITIAL_DOWNLOAD = -10
    DATABASE_ERROR = -20
    DESERIALIZATION_ERROR = -22
    CLIENT_NODE_ALREADY_ADDED = -23
    CLIENT_NODE_NOT_ADDED = -24
    VERIFY_ERROR = -25
    VERIFY_REJECTED = -26
    VERIFY_ALREADY_IN_CHAIN = -27
    IN_WARMUP = -28
    CLIENT_NODE_NOT_CONNECTED = -29
    CLIENT_INVALID_IP_OR_SUBNET = -30
    CLIENT_P2P_DISABLED = -31
    METHOD_DEPRECATED = -32


class RpcFault(CcxxError):
    """A call cannot be answered: whose fault it is stands in the code."""

    def __init__(self, code: Code, message: str) -> None:
        """Keep what goes into the answer's `error` member."""
        super().__init__(message)
        self.code = code
        self.message = message


def misuse(message: str) -> RpcFault:
    """A parameter has a value that makes no sense."""
    return RpcFault(Code.INVALID_PARAMETER, message)


def not_found(message: str) -> RpcFault:
    """What was asked for does not exist here."""
    return RpcFault(Code.INVALID_ADDRESS_OR_KEY, message)
