"""What is kept about callers: complaints, permissions, types of parameters."""

import logging
from dataclasses import dataclass

import pytest

from ccxx_node.rpc.complaints import Complaints
from ccxx_node.rpc.errors import Code, RpcFault
from ccxx_node.rpc.kinds import KINDS
from ccxx_node.rpc.methods import REGISTRY
from ccxx_node.rpc.permissions import Permissions


@dataclass
class Clock:
    """Stands still until it is moved."""

    time: float = 0.0

    def __call__(self) -> float:
        return self.time


def test_same_complaint_is_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    complaints = Complaints("rpc", clock)

    for clock.time in (0.0, 10.0, 59.0, 61.0):
        complaints.add("refused", "127.0.0.1", "password")

    assert [record.getMessage() for record in caplog.records] == [
        "rpc refused peer=127.0.0.1 reason=password",
        "rpc refused peer=127.0.0.1 reason=password more=2",
    ]


def test_complaints_about_many_addresses_do_not_fill_the_memory(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR)
    complaints = Complaints("rpc", Clock())

    for number in range(5000):
        complaints.add("refused", f"::{number:x}", "password")

    assert len(complaints) == 1000


@pytest.mark.parametrize(
    ("texts", "by_default", "allowed"),
    [
        ((), None, {("a", "stop"), ("b", "stop"), ("b", "help")}),
        (("a:stop",), None, {("a", "stop")}),
        (("a:stop, help", "a:help"), True, {("b", "stop"), ("b", "help")}),
        (("a:",), None, set()),
        ((), False, set()),
    ],
)
def test_lists_of_methods_say_who_may_call_what(
    texts: tuple[str, ...], by_default: bool | None, allowed: set[tuple[str, str]]
) -> None:
    permissions = Permissions.parse(texts, by_default)
    asked = {("a", "stop"), ("b", "stop"), ("b", "help")}

    assert {each for each in asked if permissions.allow(*each)} == allowed


def test_lists_that_may_be_misspelt_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    permissions = Permissions.parse(("mon", "miner:submitblok,stop,xyz", "fine:stop"))

    permissions.log_oddities({"stop", "submitblock"})

    assert [record.getMessage() for record in caplog.records] == [
        "rpc whitelist odd user=mon methods=none",
        "rpc whitelist odd user=miner unknown=submitblok,xyz",
    ]


def test_types_are_those_of_real_methods() -> None:
    for name, kinds in KINDS.items():
        assert len(kinds.names) <= len(REGISTRY.methods[name].parameters)


@pytest.mark.parametrize(
    ("method", "given", "message"),
    [
        ("testmempoolaccept", ["00"], "Expected type array, got string"),
        ("createrawtransaction", [[], {}, "x"], "Expected type number, got string"),
        ("createrawtransaction", [[], {}, 0, 1], "Expected type bool, got number"),
        ("decodepsbt", [None], "Expected type string, got null"),
        ("sendrawtransaction", [True], "Expected type string, got bool"),
    ],
)
def test_parameter_of_another_type_is_named(method: str, given: list[object], message: str) -> None:
    with pytest.raises(RpcFault) as error:
        REGISTRY.methods[method].arrange(given)

    assert (error.value.code, error.value.message) == (Code.TYPE_ERROR, message)
