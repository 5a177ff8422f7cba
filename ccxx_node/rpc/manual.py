"""The page about all methods, made of the texts that `help` answers with.

`python -m ccxx_node.rpc.manual` prints it; `docs/rpc.md` is what it printed last.
"""

from __future__ import annotations

import sys

from ccxx_node.rpc.bodies import MAX_UNDER_WAY
from ccxx_node.rpc.connections import MAX_CONNECTIONS
from ccxx_node.rpc.dispatch import MAX_BATCH_ANSWER
from ccxx_node.rpc.methods import REGISTRY
from ccxx_node.rpc.registry import Method
from ccxx_node.rpc.server import MAX_BODY
from ccxx_node.rpc.wire import MAX_VALUES

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

## How to ask

A call is a POST to `/` with a JSON object: `method`, `params` (an array, or an object of names),
`id`. An array of such objects is a batch: its answers come in one array, in order. The answer has
`result`, `error` and `id`, always. HTTP says 200 for a result and for a batch, 400 for what is no
call (-32600), 404 for an unknown method, 500 for every other error, 401 for a wrong password, 403
for an address that `-rpcallowip` does not name and for a method that `-rpcwhitelist` does not; one
such method in a batch, and nothing of the batch is done.
Until the node has started every call but `getnodehealth` is answered with -28.

`waitfornewblock`, `waitforblock`, `waitforblockheight` and `getblocktemplate` with a `longpollid`
answer when something has happened, or the time is over; they end when their caller is gone.

| bound | |
|---|---|
{bounds}

## REST

With `-rest` the same port answers without a password, to everybody who may connect. What stands
behind the last point is the form: `.bin`, `.hex` or `.json`. Errors are one line of plain text.

| GET | forms | what |
|---|---|---|
{rest}
"""

_BOUNDS = (
    (
        "connections",
        f"{MAX_CONNECTIONS}, and no more than a quarter of the files that the process may open;"
        " then the one goes that is idle for longest, those without a password first",
    ),
    (
        "idle, or slow to send or to read",
        "`-rpcservertimeout` seconds (30), then the connection ends",
    ),
    (
        "a body",
        f"{MAX_BODY >> 20} MiB, all that are not answered yet {MAX_UNDER_WAY >> 20} MiB: else 413;"
        f" {MAX_VALUES:,} values: else 400",
    ),
    (
        "hex of a transaction or a script",
        "as long as a block, and the transaction no larger than one where each of its parts is"
        " looked at: else -22 or -8",
    ),
    (
        "the answer of a batch",
        f"{MAX_BATCH_ANSWER // 1_000_000} MB, further calls in it are answered with -7",
    ),
    (
        "calls under way that take time",
        "`-rpcthreads` + `-rpcworkqueue` (20): else 500 `Work queue depth exceeded`;"
        " calls that are answered at once are never refused, and REST has as many places of its"
        " own, each taken until the answer has left",
    ),
    (
        "a wrong password",
        "is answered after a quarter of a second, and logged once a minute for each address",
    ),
)
_REST = (
    ("/rest/tx/TXID", "bin hex json", "a transaction in the pool, or with `-txindex` any"),
    ("/rest/block/HASH", "bin hex json", "a block"),
    ("/rest/block/notxdetails/HASH", "bin hex json", "a block, in JSON with ids alone"),
    ("/rest/headers/COUNT/HASH", "bin hex json", "up to 2000 headers of the best chain"),
    ("/rest/chaininfo", "json", "what `getblockchaininfo` answers"),
    ("/rest/mempool/info", "json", "what `getmempoolinfo` answers"),
    ("/rest/mempool/contents", "json", "what `getrawmempool true` answers"),
    (
        "/rest/getutxos/TXID-N/…",
        "bin hex json",
        "which of up to 15 outputs are unspent (BIP 64); `getutxos/checkmempool/…` as the pool"
        " would leave them; the question may also be the body of a POST, in binary or hex",
    ),
)


def manual() -> str:
    """Return the page, in Markdown."""
    shown = [method for method in REGISTRY.methods.values() if not method.is_hidden]
    parts = [_head()]
    for section in sorted({method.section for method in shown}):
        parts.append(f"## {section}\n")
        methods = (method for method in shown if method.section == section)
        parts += [_entry(method) for method in sorted(methods, key=lambda method: method.name)]
    return "\n".join(parts)


def _head() -> str:
    rest = (f"| `{path}` | {forms} | {what} |" for path, forms, what in _REST)
    bounds = (f"| {of} | {bound} |" for of, bound in _BOUNDS)
    return _HEAD.format(bounds="\n".join(bounds), rest="\n".join(rest))


def _entry(method: Method) -> str:
    return f"### {method.name}\n\n    {method.usage}\n\n{method.summary.strip()}\n"


if __name__ == "__main__":
    sys.stdout.write(manual())
