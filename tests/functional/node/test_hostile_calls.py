"""No parameter, whatever it is, is answered with an internal error."""

import itertools
from decimal import Decimal
from typing import Any

import pytest

from ccxx_node.client.rpc import NodeError, RpcError

ADDRESS = "rccx1q5dsmmq8palhmr77vh3d420fw2wgdzmq8t3zt2a"
TXID = "11" * 32
VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1,
    2**31,
    Decimal(2**70),
    1.5,
    "",
    "00",
    "zz",
    "é",
    TXID,
    ADDRESS,
    "cHNidP8=",
    [],
    [1],
    [[]],
    [TXID],
    [{"txid": TXID, "vout": 0}],
    [{"txid": TXID, "vout": 2**40}],
    {},
    {"mode": "proposal", "data": "00"},
    {ADDRESS: 1},
    {"data": "00"},
)
# They stop or wait, or mine as many blocks as they are told.
LEFT_OUT = ("stop", "waitfornewblock", "waitforblock", "waitforblockheight", "generatetoaddress")
INTERNAL_ERROR = -32603


def all_methods(node: Any) -> dict[str, int]:
    """Names, with the number of parameters that each takes."""
    listing = node.client.call("help")
    shown = [line.split()[0] for line in listing.splitlines() if line and line[0] != "="]
    hidden = ["invalidateblock", "reconsiderblock", "setmocktime", "echo"]
    usages = {name: node.client.call("help", name).splitlines()[0] for name in (*shown, *hidden)}
    count = {name: len(usage.replace("(", "").replace(")", "").split()) - 1
             for name, usage in usages.items()}  # fmt: skip
    return {name: number for name, number in count.items() if name not in LEFT_OUT}


@pytest.mark.parametrize("width", [1, 2, 3])
def test_odd_parameters_are_refused_and_never_a_bug(node: Any, width: int) -> None:
    node.client.call("generatetoaddress", 3, ADDRESS)
    tip = node.client.call("getbestblockhash")
    faults = []

    for name, most in all_methods(node).items():
        if most < width:
            continue
        values = VALUES if width < 3 else VALUES[::4]
        for params in itertools.product(values, repeat=width):
            try:
                node.client.call(name, *params)
            except RpcError as error:
                if error.code == INTERNAL_ERROR:
                    faults.append((name, params))
            except NodeError as error:
                faults.append((name, params, str(error)))
        node.client.call("setmocktime", 0)

    assert faults[:20] == []
    assert node.client.call("getbestblockhash") == tip
