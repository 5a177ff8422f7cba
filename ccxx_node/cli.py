"""`ccxx-cli`: one RPC call from the command line, as the family's command does it."""

from __future__ import annotations

import errno
import getpass
import json
import math
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote

import orjson

from ccxx_core.errors import CcxxError
from ccxx_node.client.rpc import (
    AccessError,
    NodeClient,
    NodeError,
    RpcError,
    Spelling,
    network_from_environment,
    parse_address,
)
from ccxx_node.config import Config, ConfigError, parse_arguments, read_config

_USAGE = """ccxx-cli: ask a running ccxx-node

Usage: ccxx-cli [options] METHOD [parameters]
       ccxx-cli [options] -named METHOD name=value ...
       ccxx-cli [options] -getinfo
       ccxx-cli [options] help [METHOD]

Which node
  -datadir=DIR           its data folder, where its cookie is (default: ~/.counosx)
  -conf=FILE             its settings (default: counosx.conf in the data folder)
  -regtest -testnet      its network, if it is not the main one; also -chain=regtest, -chain=test
  -rpcconnect=HOST[:PORT]  where it listens (default: 127.0.0.1)
  -rpcport=N             its RPC port (default: 11841, -testnet 11821, -regtest 11822)
  -rpccookiefile=FILE    its cookie, if it is elsewhere
  -rpcuser=NAME -rpcpassword=TEXT   name and password instead of the cookie
  -stdinrpcpass          read the password from standard input, before anything else

Where none of these is given, the environment says it, as it does to wallets and explorer:
  CCXX_NETWORK           main, test or regtest
  CCXX_DATADIR           the data folder
  CCXX_NODE              host:port, or http://user:password@host:port

How to ask
  -named                 parameters are given as name=value
  -stdin                 read further parameters from standard input, one a line; without
                         METHOD, that is the first line
  -getinfo               a summary of the node, instead of a method
  -rpcclienttimeout=N    seconds to wait for an answer (default: 900; 0: for ever)
  -rpcwait               wait until the node answers; after 5 seconds say for what
  -rpcwaittimeout=N      wait at most so many seconds for it (default: 0, for ever)
  -h -help -?            this text; -version: the version

Options stand before the method, and may have one dash or two. What stands in the node's settings
need not be said again; the environment stands before them. Parameters are read as JSON where they
are JSON, else as text. The methods are listed by `ccxx-cli help`. Exit status: 0 answered,
1 refused or not reached, 2 misused.
"""
# Parameters that are text whatever they look like: an address, hex of digits only, a message "5".
TEXT_PARAMETERS = frozenset(
    "action address address_type blockhash command estimate_mode hexdata hexstring index_name"
    " message node privkey proof psbt sighashtype signature subnet txid".split()
)
_OWN_FLAGS = ("named", "getinfo", "stdin", "stdinrpcpass", "rpcwait")
_OWN_VALUES = ("rpcconnect", "rpcclienttimeout", "rpcwaittimeout")
_LOGIN = ("rpcuser", "rpcpassword", "rpccookiefile")
# The family's wallet, and mining for it: scripts and habits ask for these first.
WALLET_METHODS = frozenset(
    """
    abandontransaction abortrescan addmultisigaddress addwitnessaddress backupwallet bumpfee
    createwallet dumpprivkey dumpwallet encryptwallet fundrawtransaction generate
    getaccount getaccountaddress getaddressesbyaccount getaddressesbylabel getaddressinfo getbalance
    getnewaddress getrawchangeaddress getreceivedbyaccount getreceivedbyaddress getreceivedbylabel
    gettransaction getunconfirmedbalance getwalletinfo importaddress importmulti importprivkey
    importprunedfunds importpubkey importwallet keypoolrefill listaccounts listaddressgroupings
    listlabels listlockunspent listreceivedbyaccount listreceivedbyaddress listreceivedbylabel
    listsinceblock listtransactions listunspent listwallets loadwallet lockunspent move
    removeprunedfunds rescanblockchain sendfrom sendmany sendtoaddress setaccount sethdseed setlabel
    settxfee signmessage signrawtransactionwithwallet unloadwallet walletcreatefundedpsbt walletlock
    walletpassphrase walletpassphrasechange walletprocesspsbt
    """.split()
)
_NO_WALLET = (
    "this node has no wallet: ccxx-root, ccxx-issuer and ccxx-holder are wallets,"
    " generatetoaddress mines\n"
)
_WAIT_SECONDS = 0.2
_SILENT_SECONDS = 5.0
# A century: what is much longer no socket takes.
_LONGEST_SECONDS = 3e9
_INTERRUPTED = 130
_METHOD_NOT_FOUND = -32601
_OPTIONS = Spelling(
    address="-rpcconnect and -rpcport",
    password="-rpcuser and -rpcpassword",
    datadir="-datadir, and -regtest or -testnet",
    network="-chain=",
)


class _AsItCame(str):
    """A number with a point, in the digits that the node wrote."""

    __slots__ = ()


def main() -> int:
    """Make one call; print its result, or the error on standard error."""
    own, shared, words = _split(sys.argv[1:])
    if "version" in own:
        sys.stdout.write(f"ccxx-cli version {version('ccxx')}\n")
        return 0
    if "help" in own or not (words or "getinfo" in own or "stdin" in own):
        sys.stdout.write(_USAGE)
        return 0 if "help" in own else 2
    try:
        _print(_answer(own, shared, words))
    except RpcError as error:
        _explain(error, words)
        return 1
    except ConfigError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2
    except CcxxError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except UnicodeError as error:
        sys.stderr.write(f"Error: what is no text in the encoding of this terminal: {error}\n")
        return 2
    except OSError as error:
        return _give_up_output(error)
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _answer(own: dict[str, str], shared: Sequence[str], words: list[str]) -> Any:
    """Ask what the command line says; what comes from standard input is added to `words`."""
    config = read_config([*_from_environment(own, shared), *shared])
    client = _client(config, own)
    if "getinfo" in own:
        if words:
            raise ConfigError("-getinfo takes no arguments")
        return _getinfo(client)
    if "stdin" in own:
        words += [line.rstrip("\r\n") for line in sys.stdin]
    return _call(client, own, words)


def _give_up_output(error: OSError) -> int:
    if sys.stdout is not None:
        # Else Python would try once more, and complain in its own way.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.stderr.write(f"error: cannot write the answer: {error.strerror}\n")
    return 1


def _explain(error: RpcError, words: Sequence[str]) -> None:
    sys.stderr.write(f"error code: {error.code}\nerror message:\n{error.message}\n")
    if error.code == _METHOD_NOT_FOUND:
        asks_wallet = bool(words) and words[0] in WALLET_METHODS
        sys.stderr.write(_NO_WALLET if asks_wallet else "see ccxx-cli help\n")


def _split(arguments: Sequence[str]) -> tuple[dict[str, str], list[str], list[str]]:
    """Return our own options, those we share with the node, and what stands behind them."""
    own: dict[str, str] = {}
    shared: list[str] = []
    for position, argument in enumerate(arguments):
        if not argument.startswith("-"):
            return own, shared, list(arguments[position:])
        name, _, value = argument.lstrip("-").partition("=")
        if name in ("h", "help", "?"):
            own["help"] = ""
        elif name == "version":
            own["version"] = ""
        elif name in _OWN_FLAGS and value == "0":
            own.pop(name, None)
        elif name in _OWN_FLAGS or name in _OWN_VALUES:
            own[name] = value
        else:
            shared.append(argument)
    return own, shared, []


def _from_environment(own: dict[str, str], shared: Sequence[str]) -> list[str]:
    """Return as options what the environment says, as it does to wallets, of what is not given."""
    given = parse_arguments(shared)
    options: list[str] = []
    if os.environ.get("CCXX_NETWORK") and given.keys().isdisjoint(("chain", "regtest", "testnet")):
        # The settings file may name another network by its switch.
        chain = network_from_environment().chain
        options += [f"-chain={chain}", "-regtest=0", "-testnet=0"]
    if (datadir := os.environ.get("CCXX_DATADIR")) and "datadir" not in given:
        options.append(f"-datadir={datadir}")
    if (node := os.environ.get("CCXX_NODE")) and "rpcconnect" not in own and "rpcport" not in given:
        address = parse_address(node)
        own["rpcconnect"] = address.hostname or ""
        options += [f"-rpcport={address.port}"] if address.port else []
        if address.password and "stdinrpcpass" not in own and given.keys().isdisjoint(_LOGIN):
            options.append(f"-rpcuser={unquote(address.username or '')}")
            options.append(f"-rpcpassword={unquote(address.password)}")
    return options


def _client(config: Config, own: dict[str, str]) -> NodeClient:
    host, port = _split_host(own.get("rpcconnect") or "127.0.0.1", config.network.rpc_port)
    port = config.number("rpcport", port)
    password = config.text("rpcpassword")
    if "stdinrpcpass" in own:
        password = _read_password()
    answer_seconds = _seconds(own, "rpcclienttimeout", "900")
    wait_seconds = _seconds(own, "rpcwaittimeout", "0")
    cookie = config.network_datadir / config.text("rpccookiefile", ".cookie")
    auth = f"{config.text('rpcuser')}:{password}" if password else cookie
    client = NodeClient(
        f"http://{host}:{port}",
        auth=auth,
        timeout=answer_seconds,
        options=_OPTIONS,
        read_decimal=_AsItCame,
    )
    if "rpcwait" in own:
        log = config.network_datadir / (config.text("debuglogfile") or "debug.log")
        _wait(client, wait_seconds, log)
    return client


def _seconds(own: dict[str, str], option: str, default: str) -> float | None:
    """Return an option's seconds, None for as long as it takes."""
    text = own.get(option) or default
    if not (text.isascii() and text.isdigit()):
        raise ConfigError(f"-{option} is '{text}', wanted seconds")
    return min(float(text), _LONGEST_SECONDS) or None


def _split_host(text: str, default_port: int) -> tuple[str, int]:
    """Split `host:port`; an IPv6 address without brackets has no port."""
    host, colon, port = text.rpartition(":")
    if colon and port.isascii() and port.isdigit() and (":" not in host or host.endswith("]")):
        return host, int(port)
    return (f"[{text}]" if ":" in text and not text.startswith("[") else text), default_port


def _read_password() -> str:
    """Read one line, without showing it where somebody types it."""
    if sys.stdin.isatty():
        with suppress(EOFError):
            return getpass.getpass("RPC password: ")
    line = sys.stdin.readline()
    if not line:
        raise ConfigError("-stdinrpcpass specified but failed to read from standard input")
    return line.rstrip("\r\n")


def _wait(client: NodeClient, seconds: float | None, log: Path) -> None:
    started = time.monotonic()
    notice_at, end_at = started + _SILENT_SECONDS, started + (seconds or math.inf)
    while True:
        try:
            client.call("getblockcount")
            return
        except AccessError:
            raise
        except NodeError:
            if time.monotonic() > end_at:
                raise
            if time.monotonic() > notice_at:
                sys.stderr.write(f"still waiting for {client.address}: {_where_to_look(log)}\n")
                notice_at = math.inf
            time.sleep(_WAIT_SECONDS)


def _where_to_look(log: Path) -> str:
    if log.exists():
        return f"if the node did not start, {log} says why"
    return f"nothing runs with this -datadir, there is no {log}"


def _call(client: NodeClient, own: dict[str, str], words: list[str]) -> Any:
    if not words:
        raise ConfigError("too few parameters (need at least a method)")
    method, *texts = words
    if "named" not in own:
        names = parameter_names(method)
        values = [
            parse_parameter(text, names[position] if position < len(names) else "")
            for position, text in enumerate(texts)
        ]
        return client.call(method, *values)
    named = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"No '=' in named argument '{text}', this needs to be present")
        named[name] = parse_parameter(value, name)
    return client.call_named(method, **named)


def parameter_names(method: str) -> tuple[str, ...]:
    """Return the names of a method's parameters in order, none for a method that is not ours."""
    # Here and not above: it takes longer to load than all else that this program does.
    from ccxx_node.rpc.methods import REGISTRY

    known = REGISTRY.methods.get(method)
    return known.parameters if known is not None else ()


def parse_parameter(text: str, name: str = "") -> str | orjson.Fragment:
    """Return text for a parameter that is text, else the JSON that it is, just as it stands.

    Of a method that is not ours, hex of digits only, such as an id, stays text: no number has that
    many digits.
    """
    if name in TEXT_PARAMETERS:
        return text
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return text
    # Read once more it could lose digits, or an address that stands twice.
    return text if isinstance(value, int) and len(text) > 20 else orjson.Fragment(text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _getinfo(client: NodeClient) -> dict[str, Any]:
    network, chain = client.batch([("getnetworkinfo", ()), ("getblockchaininfo", ())])
    return {
        "version": network["version"],
        "protocolversion": network["protocolversion"],
        "blocks": chain["blocks"],
        "timeoffset": network["timeoffset"],
        "connections": network["connections"],
        "proxy": network["networks"][0]["proxy"],
        "difficulty": chain["difficulty"],
        "testnet": chain["chain"] == "test",
        "chain": chain["chain"],
        "relayfee": network["relayfee"],
        "warnings": network["warnings"],
    }


def _print(result: Any) -> None:
    if result is None:
        return
    text = result if isinstance(result, str) else format_json(result)
    if sys.stdout is None:
        raise OSError(errno.EBADF, "it is closed")
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def format_json(value: Any, indent: str = "") -> str:
    """Return JSON over several lines, with decimals as they came."""
    inner = indent + "  "
    if isinstance(value, dict) and value:
        lines = (f"{inner}{json.dumps(k)}: {format_json(v, inner)}" for k, v in value.items())
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and value:
        lines = (inner + format_json(item, inner) for item in value)
        return "[\n" + ",\n".join(lines) + f"\n{indent}]"
    return value if isinstance(value, _AsItCame) else json.dumps(value)


if __name__ == "__main__":
    sys.exit(main())
