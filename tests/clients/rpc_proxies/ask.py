"""Call a node through a library; run by the Python of its environment.

`ask.py LIBRARY HOST PORT USER PASSWORD` reads a list of batches from standard input, each a list
of calls, and prints a list of answers for each. A batch of one call is sent as a call.
"""

import json
import sys
from decimal import Decimal

from bitcoinrpc.authproxy import AuthServiceProxy, JSONRPCException
from bitcoinutils.proxy import NodeProxy, RPCException


def main() -> None:
    """Do what the arguments say."""
    library, host, port, user, password = sys.argv[1:]
    if library == "python-bitcoinrpc":
        proxy = AuthServiceProxy(f"http://{user}:{password}@{host}:{port}")
    else:
        proxy = NodeProxy(user, password, host, int(port), max_retries=0)
    answers = [answer(proxy, batch) for batch in json.load(sys.stdin)]
    json.dump(answers, sys.stdout, default=plain)


def answer(proxy, batch):
    """Return the answers of a batch, or the code of its error."""
    try:
        if len(batch) > 1:
            return proxy.batch_(batch)
        method, *params = batch[0]
        return [getattr(proxy, method)(*params)]
    except (JSONRPCException, RPCException) as error:
        return [{"code": error.code}]


def plain(value):
    """Print an amount with all of its digits, as text."""
    assert isinstance(value, Decimal), value
    return str(value)


main()
