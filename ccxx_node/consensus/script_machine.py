"""The stack machine that runs one script, and the questions that it asks about the transaction."""

from collections.abc import Sequence
from typing import Protocol

from ccxx_core.opcodes import Op
from ccxx_node.consensus import flags as f
from ccxx_node.consensus.script_failure import ScriptError, ScriptFailure

# Plain ints: comparing with a member of an enum costs the hot loops a call.
_PUSHDATA1 = int(Op.OP_PUSHDATA1)
_PUSHDATA4 = int(Op.OP_PUSHDATA4)

MAX_SCRIPT_SIZE = 10_000
MAX_ITEM_SIZE = 520
MAX_STACK_ITEMS = 1000
MAX_OPS = 201


class SignatureChecker(Protocol):
    """What a script may ask about the transaction that spends the coin.

    ``script_code`` is the script from the last OP_CODESEPARATOR on; signatures carry their hash
    type as last byte; ``is_witness`` chooses between the two digests.
    """

    # Whether answers are assumptions to be verified later. Then only success counts: whoever runs
    # the script must run it again, exactly, before believing a failure.
    defers: bool

    def check_signature(
        self, signature: bytes, public_key: bytes, script_code: bytes, is_witness: bool
    ) -> bool:
        """Tell whether the key made the signature."""

    def defer_multisig(
        self,
        signatures: Sequence[bytes],
        public_keys: Sequence[bytes],
        script_code: bytes,
        is_witness: bool,
    ) -> bool:
        """Take all signatures and keys, last pushed first, as one question; if ``defers`` only."""

    def check_locktime(self, locktime: int) -> bool:
        """Tell whether the transaction is locked at least as long (BIP 65)."""

    def check_sequence(self, sequence: int) -> bool:
        """Tell whether the input is at least as old as this relative lock says (BIP 112)."""


class Machine:
    """The state of one script: stacks, open conditionals, and where the signed script begins."""

    __slots__ = (
        "altstack",
        "checker",
        "code_start",
        "conditions",
        "executing",
        "flags",
        "is_witness",
        "minimal",
        "op_count",
        "position",
        "script",
        "stack",
    )

    def __init__(
        self,
        stack: list[bytes],
        script: bytes,
        flags: int,
        checker: SignatureChecker,
        is_witness: bool,
    ) -> None:
        self.stack = stack
        self.script = script
        self.flags = flags
        self.checker = checker
        self.is_witness = is_witness
        self.altstack: list[bytes] = []
        self.conditions: list[bool] = []
        self.executing = True
        self.minimal = flags & f.MINIMALDATA != 0
        self.op_count = 0
        self.position = 0
        self.code_start = 0

    def count_ops(self, count: int) -> None:
        """Count operations towards the limit of 201."""
        self.op_count += count
        if self.op_count > MAX_OPS:
            raise ScriptError(ScriptFailure.OP_COUNT)

    def need(self, count: int) -> None:
        """Fail unless the stack holds this many items."""
        if len(self.stack) < count:
            raise ScriptError(ScriptFailure.INVALID_STACK_OPERATION)


def pushed_range(script: bytes, position: int, opcode: int) -> tuple[int, int]:
    """Give start and end of what the opcode at ``position`` pushes: nothing, if it is no push.

    The end, where the next opcode stands, lies behind the script if the push is cut off.
    """
    start = position + 1
    if opcode > _PUSHDATA4:
        return start, start
    if opcode < _PUSHDATA1:
        return start, start + opcode
    length_size = 1 << opcode - _PUSHDATA1
    length = int.from_bytes(script[start : start + length_size], "little")
    return start + length_size, start + length_size + length


def is_minimal_push(data: bytes, opcode: int) -> bool:
    """Tell whether a push opcode (at most OP_PUSHDATA4) is the shortest for its bytes (BIP 62)."""
    size = len(data)
    if size == 0:
        return opcode == 0
    if size == 1 and (1 <= data[0] <= 16 or data[0] == 0x81):
        return False
    if size <= 75:
        return opcode == size
    if size <= 255:
        return opcode == 0x4C
    return size > 65535 or opcode == 0x4D
