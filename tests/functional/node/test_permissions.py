"""Methods by user: who may call what."""

import base64
import hashlib
import hmac
import http.client
import json
import socket
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from ccxx_node.client.rpc import AccessError, NodeClient


def user_option(name: str) -> str:
    digest = hmac.new(b"salt", b"secret", hashlib.sha256).hexdigest()
    return f"-rpcauth={name}:salt${digest}"


def call_as(node: Any, user: str, body: Any) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)) as connection:
        token = base64.b64encode(f"{user}:secret".encode()).decode()
        connection.request("POST", "/", json.dumps(body), {"Authorization": f"Basic {token}"})
        return connection.getresponse().status


def call(method: str) -> dict[str, str]:
    return {"method": method}


def test_user_with_a_list_calls_what_is_on_it_and_nothing_else(
    start_node: Callable[..., Any],
) -> None:
    node = start_node(
        user_option("reader"),
        user_option("other"),
        "-rpcwhitelist=reader:getblockcount, getbestblockhash",
        "-rpcwhitelist=__cookie__:getblockcount,stop,help",
    )

    assert call_as(node, "reader", call("getblockcount")) == 200
    assert call_as(node, "reader", call("stop")) == 403
    assert call_as(node, "reader", call("nosuch")) == 403
    client = NodeClient(f"http://127.0.0.1:{node.port}", auth="reader:secret")
    with closing(client), pytest.raises(AccessError, match=r"call: its -rpcwhitelist .* stop"):
        client.call("stop")
    assert call_as(node, "reader", [call("getblockcount"), call("getbestblockhash")]) == 200
    assert call_as(node, "reader", [call("getblockcount"), call("stop")]) == 403
    assert call_as(node, "reader", [1]) == 403
    assert call_as(node, "other", call("getblockcount")) == 403
    log = (node.datadir / "regtest" / "debug.log").read_text()
    assert log.count("user=reader method=stop") == 1
    assert log.count("user=reader method=unknown") == 1
    assert "nosuch" not in log


def test_others_are_free_where_the_operator_says_so(start_node: Callable[..., Any]) -> None:
    node = start_node(
        user_option("reader"),
        user_option("other"),
        "-rpcwhitelist=reader:getblockcount",
        "-rpcwhitelist=reader:getblockcount,stop",
        "-rpcwhitelistdefault=0",
    )

    assert call_as(node, "reader", call("getblockcount")) == 200
    assert call_as(node, "reader", call("stop")) == 403
    assert call_as(node, "other", call("getbestblockhash")) == 200
    assert call_as(node, "other", {}) == 400
    assert call_as(node, "other", [1]) == 200


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_one_socket_hears_all_addresses_and_the_log_says_where(
    start_node: Callable[..., Any],
) -> None:
    node = start_node("-rpcallowip=10.0.0.0/8")

    log = (node.datadir / "regtest" / "debug.log").read_text()
    assert log.count("rpc listening") == log.count(f"rpc listening host=:: port={node.port}") == 1
    assert "rpc not bound" not in log
