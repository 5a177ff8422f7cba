"""Readers of the notation that the recorded script and transaction vectors are written in."""

from collections.abc import Callable
from multiprocessing import active_children

import pytest

from ccxx_core.opcodes import Op
from ccxx_core.script import push_data
from ccxx_node.consensus import flags as f
from ccxx_node.consensus.script_numbers import encode_number


def _push_number(value: int) -> bytes:
    if value == -1 or 1 <= value <= 16:
        return bytes([Op.OP_1 + value - 1])
    return push_data(encode_number(value))


def _read_word(word: str) -> bytes:
    if word.lstrip("-").isdigit():
        return _push_number(int(word))
    if word.startswith("0x"):
        return bytes.fromhex(word[2:])
    if word.startswith("'"):
        return push_data(word.strip("'").encode())
    name = word if word.startswith("OP_") else f"OP_{word}"
    return bytes([{"OP_NOP2": 0xB1, "OP_NOP3": 0xB2}.get(name) or Op[name]])


@pytest.fixture(scope="session")
def read_script() -> Callable[[str], bytes]:
    """Read a script from words: numbers, 0x raw bytes, 'text', names of opcodes."""
    return lambda text: b"".join(map(_read_word, text.split()))


@pytest.fixture(scope="session")
def read_flags() -> Callable[[str], int]:
    """Read verification flags from their names with commas between."""

    def read(text: str) -> int:
        value = 0
        for name in filter(None, text.split(",")):
            value |= getattr(f, name)
        # The reference demands that rules are switched on together with what they build on.
        if value & f.CLEANSTACK:
            value |= f.WITNESS
        if value & f.WITNESS:
            value |= f.P2SH
        return value

    return read


@pytest.fixture
def kill_children() -> Callable[[], None]:
    """Kill the processes that the test has started since it began, and wait for their end."""
    before = set(active_children())

    def kill() -> None:
        for child in set(active_children()) - before:
            child.kill()
            child.join()

    return kill
