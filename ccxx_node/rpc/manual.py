"""The page about all methods, made of the texts that `help` answers with.

`python -m ccxx_node.rpc.manual` prints it; `docs/rpc.md` is what it printed last.
"""

from __future__ import annotations

import sys

from ccxx_node.rpc.methods import REGISTRY
from ccxx_node.rpc.registry import Method

_HEAD = """# The node's RPC

`ccxx-node` answers JSON-RPC over HTTP as the daemons of the Bitcoin family do, on 127.0.0.1 and the
network's port: 11841 (main), 11821 (`-testnet`), 11822 (`-regtest`). Name and password are the
node's cookie (`.cookie` in the network's data folder, new at every start), or what `-rpcuser` and
`-rpcpassword` or `-rpcauth` say.

    ccxx-cli -regtest -datadir=DIR getblockhash 0
    ccxx-cli -regtest -datadir=DIR -named getblock blockhash=HASH verbosity=2
    ccxx-cli -regtest -datadir=DIR help getblock

`ccxx-cli --help` lists its options, which stand before the method. Parameters in parentheses may be
left out. An error has a code of the family and a message: -1 tells how the method is used, -5 that
there is no such thing, -8 that a parameter makes no sense, -32601 that there is no such method.
Amounts are decimals with eight digits, ids are reversed hex.

This page is made of the node's own help texts by `make docs`.
"""


def manual() -> str:
    """Return the page, in Markdown."""
    shown = [method for method in REGISTRY.methods.values() if not method.is_hidden]
    parts = [_HEAD]
    for section in sorted({method.section for method in shown}):
        parts.append(f"## {section}\n")
        methods = (method for method in shown if method.section == section)
        parts += [_entry(method) for method in sorted(methods, key=lambda method: method.name)]
    return "\n".join(parts)


def _entry(method: Method) -> str:
    return f"### {method.name}\n\n    {method.usage}\n\n{method.summary.strip()}\n"


if __name__ == "__main__":
    sys.stdout.write(manual())
