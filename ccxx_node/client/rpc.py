"""Talk JSON-RPC to a node over one kept-alive connection: what wallets and the explorer use.

Works with `ccxx-node` and with any daemon of the Bitcoin family that serves the same chain.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import orjson

from ccxx_core.block import Block
from ccxx_core.errors import CcxxError
from ccxx_core.hashes import BlockHash, Txid, format_hash, parse_block_hash, parse_txid
from ccxx_core.network import MAIN, NETWORKS, Network
from ccxx_core.transaction import Transaction

DEFAULT_DATADIR = Path("~/.counosx")
_STARTING = -28
_TIMEOUT_SECONDS = 600.0
_PRUNED = "(pruned data)"
_PRUNED_ADVICE = ": this node has deleted old blocks; ask one that keeps all"

Call = tuple[str, Sequence[Any]]


class NodeError(CcxxError):
    """The node could not be asked at all; the message says what to do about it."""


class AccessError(NodeError):
    """The node is there and does not let us in: waiting does not help."""


class RpcError(CcxxError):
    """The node understood the call and refused it, with one of the family's error codes.

    `message` is the node's; the text of the error may add what to do about it.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message + (_PRUNED_ADVICE if message.endswith(_PRUNED) else ""))
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a program calls the options that an error may advise."""

    address: str = "--node"
    password: str = "--node http://user:password@host:port"
    datadir: str = "--datadir"
    network: str = "--network "


_WALLETS = Spelling()


class NodeClient:
    """A synchronous JSON-RPC client; not to be shared between threads.

    `auth` is `user:password`, or the path of the cookie file, which is read again whenever the
    node was restarted. `options` is how the program that asks spells the options it advises,
    `read_decimal` what it makes of numbers with a point.
    """

    def __init__(
        self,
        url: str,
        *,
        auth: str | Path,
        timeout: float | None = _TIMEOUT_SECONDS,
        options: Spelling = _WALLETS,
        read_decimal: Callable[[str], Any] = Decimal,
    ) -> None:
        parts = parse_address(url)
        host, port = parts.hostname or "", parts.port or 0
        self.address = _join(host, port)
        self._auth = auth
        self._options = options
        self._read_decimal = read_decimal
        try:
            self._connection = http.client.HTTPConnection(host, port, timeout=timeout)
        except http.client.InvalidURL:
            host = ""
        if not host or not port:
            raise NodeError(f"the node's address {_hide_password(url)!r} has no host or no port")
        self._token: str | None = None

    def close(self) -> None:
        """Close the connection; the next call opens it again."""
        self._connection.close()

    def call(self, method: str, *params: Any) -> Any:
        """Return the result of one call, or raise `RpcError` or `NodeError`."""
        reply = self._post({"id": 0, "method": method, "params": list(params)})
        return self._result(reply)

    def call_named(self, method: str, /, **params: Any) -> Any:
        """Return the result of one call whose parameters go by name; raises as `call` does."""
        return self._result(self._post({"id": 0, "method": method, "params": params}))

    def batch(self, calls: Iterable[Call]) -> list[Any]:
        """Return the results of many calls in one round trip; the first refusal is raised."""
        return [self._result(reply) for reply in self._replies(calls)]

    def batch_found(self, calls: Iterable[Call]) -> list[Any]:
        """Return the results of many calls in one round trip, None for each that was refused."""
        return [self._result_or_none(reply) for reply in self._replies(calls)]

    def _replies(self, calls: Iterable[Call]) -> list[Any]:
        requests = [
            {"id": index, "method": method, "params": list(params)}
            for index, (method, params) in enumerate(calls)
        ]
        if not requests:
            return []
        replies = self._post(requests)
        whole = isinstance(replies, list) and all(isinstance(reply, dict) for reply in replies)
        by_id = {str(reply.get("id")): reply for reply in replies} if whole else {}
        if by_id.keys() != {str(index) for index in range(len(requests))}:
            raise NodeError(f"the node at {self.address} did not answer the whole batch")
        return [by_id[str(index)] for index in range(len(requests))]

    def _result_or_none(self, reply: Any) -> Any:
        try:
            return self._result(reply)
        except RpcError:
            return None

    def block_count(self) -> int:
        """Return the height of the best block."""
        return int(self.call("getblockcount"))

    def block_hash(self, height: int) -> BlockHash:
        """Return the hash of the best chain's block at a height."""
        return parse_block_hash(self.call("getblockhash", height))

    def block(self, block_hash: BlockHash) -> Block:
        """Return a whole block of any branch that the node has stored."""
        return Block.decode(bytes.fromhex(self.call("getblock", format_hash(block_hash), 0)))

    def header(self, block_hash: BlockHash) -> dict[str, Any]:
        """Return `getblockheader`'s facts about a block: height, time, mediantime and so on."""
        return dict(self.call("getblockheader", format_hash(block_hash)))

    def tip(self) -> tuple[int, BlockHash]:
        """Return height and hash of the best block, taken together."""
        info = self.call("getblockchaininfo")
        return int(info["blocks"]), parse_block_hash(info["bestblockhash"])

    def raw_transaction(self, txid: Txid, block_hash: BlockHash | None = None) -> Transaction:
        """Return a transaction from the pool, from the given block, or from the node's index."""
        params: list[Any] = [format_hash(txid), 0]
        if block_hash is not None:
            params.append(format_hash(block_hash))
        return Transaction.decode(bytes.fromhex(self.call("getrawtransaction", *params)))

    def send(self, tx: Transaction) -> Txid:
        """Give the node a transaction to relay; `RpcError` carries its reason to refuse."""
        return parse_txid(self.call("sendrawtransaction", tx.encode().hex()))

    def test_accept(self, tx: Transaction) -> str | None:
        """Return None if the node's pool would take the transaction, else its reject reason."""
        verdict = self.call("testmempoolaccept", [tx.encode().hex()])[0]
        return None if verdict["allowed"] else str(verdict["reject-reason"])

    def chain(self) -> str:
        """Return which chain the node serves: `main`, `test` or `regtest`."""
        return str(self.call("getblockchaininfo")["chain"])

    def _result(self, reply: Any) -> Any:
        if not isinstance(reply, dict):
            raise NodeError(f"{self.address} does not answer like a node")
        error = reply.get("error")
        if error is None:
            return reply.get("result")
        if not isinstance(error, dict):
            raise NodeError(f"{self.address} does not answer like a node")
        if error.get("code") == _STARTING:
            raise NodeError(
                f"the node at {self.address} is still starting ({error.get('message')}):"
                " try again in a moment"
            )
        raise RpcError(int(error.get("code", -1)), str(error.get("message", "")))

    def _post(self, body: Any) -> Any:
        content = _encode(body)
        status, data = self._exchange(content)
        if status == 401:
            # The node may have been restarted with another cookie since we read it.
            self._token = None
            status, data = self._exchange(content)
        if status == 401:
            raise AccessError(
                f"the node at {self.address} refused our user name and password:"
                f" check {self._options.password}, or that {self._options.datadir} is the folder of"
                " this node"
            )
        if status == 403:
            raise AccessError(
                f"the node at {self.address} does not allow this call:"
                f" {self._why_forbidden(body, data)}"
            )
        try:
            return json.loads(data, parse_float=self._read_decimal)
        except ValueError as error:
            raise NodeError(
                f"{self.address} answered with HTTP status {status} and no JSON"
                f" ({data[:80].decode(errors='replace')!r}):"
                " check that this is the node's RPC port, or try again later if it is busy"
            ) from error

    def _why_forbidden(self, body: Any, told: bytes) -> str:
        calls = body if isinstance(body, list) else [body]
        methods = ", ".join(sorted({str(call["method"]) for call in calls}))
        login = base64.b64decode(self._token or "").decode(errors="replace")
        by_user = f"its -rpcwhitelist does not let user {login.partition(':')[0]} call {methods}"
        # Only ours says which it was.
        by_address = "" if b"-rpcwhitelist" in told else "its -rpcallowip does not name us, or "
        return by_address + by_user

    def _exchange(self, content: bytes) -> tuple[int, bytes]:
        fresh = self._connection.sock is None
        try:
            return self._send(content)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
            self._connection.close()
            if fresh:
                raise NodeError(self._unreachable(error)) from error
        except TimeoutError as error:
            self._connection.close()
            raise NodeError(f"the node at {self.address} did not answer in time") from error
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            # A name that cannot be one is a UnicodeError.
            self._connection.close()
            raise NodeError(self._unreachable(error)) from error
        # An idle connection was closed by the node: that is no failure, so we ask once more.
        try:
            return self._send(content)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise NodeError(self._unreachable(error)) from error

    def _send(self, content: bytes) -> tuple[int, bytes]:
        if self._token is None:
            self._token = base64.b64encode(self._credentials()).decode()
        headers = {"Content-Type": "application/json", "Authorization": f"Basic {self._token}"}
        self._connection.request("POST", "/", content, headers)
        response = self._connection.getresponse()
        return response.status, response.read()

    def _credentials(self) -> bytes:
        if isinstance(self._auth, str):
            return self._auth.encode(errors="surrogateescape")
        try:
            return self._auth.read_bytes().strip()
        except (FileNotFoundError, NotADirectoryError) as error:
            others = "".join(
                f"; there is one of the network {chain}, if that is meant give"
                f" {self._options.network}{chain}"
                for chain in _other_cookies(self._auth)
            )
            raise NodeError(
                f"no cookie file {self._auth}: start the node, or say where its data folder is"
                f" with {self._options.datadir}, or give {self._options.password}{others}"
            ) from error
        except OSError as error:
            raise AccessError(
                f"cannot read the cookie file {self._auth} ({error.strerror}): ask as its owner,"
                f" or give {self._options.password}"
            ) from error

    def _unreachable(self, error: Exception) -> str:
        return (
            f"no node answers at {self.address}: start it, or give its address with"
            f" {self._options.address} ({error})"
        )


def _other_cookies(cookie: Path) -> list[str]:
    """Return the networks whose nodes left a cookie in the same data folder."""
    folders = {network.data_folder for network in NETWORKS.values()} - {""}
    datadir = cookie.parent.parent if cookie.parent.name in folders else cookie.parent
    places = {chain: datadir / at.data_folder / cookie.name for chain, at in NETWORKS.items()}
    return [chain for chain, place in places.items() if place != cookie and place.exists()]


def connect(
    node: str | None = None,
    network: Network | None = None,
    datadir: Path | None = None,
    timeout: float = _TIMEOUT_SECONDS,
) -> NodeClient:
    """Return a client for the node that the arguments or the environment name.

    `node` is `http://user:password@host:port` or `host:port`, by default this machine and the
    network's RPC port; without a password the cookie in `datadir` is used. `CCXX_NODE`,
    `CCXX_NETWORK` and `CCXX_DATADIR` stand in for what is not given. `timeout` is how many seconds
    an answer may take. No call is made yet.
    """
    network = network or network_from_environment()
    folder = (datadir or Path(os.environ.get("CCXX_DATADIR") or DEFAULT_DATADIR)).expanduser()
    address = node or os.environ.get("CCXX_NODE") or f"127.0.0.1:{network.rpc_port}"
    parts = parse_address(address)
    auth: str | Path = folder / network.data_folder / ".cookie"
    if parts.username is not None:
        auth = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    host, port = parts.hostname or "127.0.0.1", parts.port or network.rpc_port
    return NodeClient(f"http://{_join(host, port)}", auth=auth, timeout=timeout)


def check_network(client: NodeClient, network: Network) -> None:
    """Raise `NodeError` if the node serves another chain than the network we work for."""
    chain = client.chain()
    if chain != network.chain:
        raise NodeError(
            f"the node at {client.address} serves the chain {chain!r}, wanted {network.chain!r}:"
            " check --network and --node"
        )
    if client.block_hash(0) != network.genesis_hash:
        raise NodeError(f"the node at {client.address} has another genesis block than CCXX")


def parse_address(text: str) -> SplitResult:
    """Split `http://user:password@host:port`, of which only the host is needed.

    Raises NodeError for another scheme, or a port that is none.
    """
    shown = repr(_hide_password(text))
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        is_whole = parts.port != 0
    except ValueError as error:
        raise NodeError(f"the node's address {shown} is not of the form host:port") from error
    if parts.scheme != "http":
        # Whoever asked for https must not have the password sent in the clear.
        raise NodeError(f"the node's address {shown} must begin with http://: no other is spoken")
    if not is_whole:
        raise NodeError(f"the node's address {shown} has no valid port")
    return parts


def _hide_password(address: str) -> str:
    return address.rpartition("@")[2]


def _join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def network_from_environment() -> Network:
    """Return the network that `CCXX_NETWORK` names, main by default; raises NodeError."""
    name = os.environ.get("CCXX_NETWORK")
    if not name:
        return MAIN
    if name not in NETWORKS:
        raise NodeError(f"CCXX_NETWORK is {name!r}, wanted one of {', '.join(NETWORKS)}")
    return NETWORKS[name]


def _encode(body: Any) -> bytes:
    try:
        return orjson.dumps(body, default=_encode_decimal)
    except TypeError as error:
        raise NodeError(f"the call cannot be written as JSON: {error}") from error


def _encode_decimal(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} cannot be a JSON-RPC parameter")
