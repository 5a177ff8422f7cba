"""`ccxx-cli`: what it says about itself, and what it advises."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccxx_node.cli import TEXT_PARAMETERS, WALLET_METHODS
from ccxx_node.rpc.methods import REGISTRY

OPTIONS = """
    chain conf datadir getinfo h help named regtest rpcclienttimeout rpcconnect rpccookiefile
    rpcpassword rpcport rpcuser rpcwait rpcwaittimeout stdin stdinrpcpass testnet version
""".split()
SETTINGS = ("CCXX_NETWORK", "CCXX_NODE", "CCXX_DATADIR")


@pytest.fixture(scope="module")
def node(start_lasting_node: Callable[..., Any]) -> Any:
    """A node without a block, of which all here ask and which nobody changes."""
    return start_lasting_node()


def ask(*words: str, typed: str = "", **settings: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "ccxx_node.cli", *words]
    return subprocess.run(
        command,
        input=typed,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=60,
        check=False,
    )


def settings_of(node: Any) -> dict[str, str]:
    return {
        "CCXX_NETWORK": "regtest",
        "CCXX_DATADIR": str(node.datadir),
        "CCXX_NODE": f"127.0.0.1:{node.port}",
    }


def options_of(node: Any) -> tuple[str, ...]:
    return ("-regtest", f"-datadir={node.datadir}", f"-rpcport={node.port}")


@pytest.mark.parametrize("word", ["-h", "-help", "--help", "-?"])
def test_help_names_every_option(word: str) -> None:
    done = ask(word)

    assert done.returncode == 0
    assert [name for name in OPTIONS if f"-{name}" not in done.stdout] == []
    assert [name for name in SETTINGS if name not in done.stdout] == []


def test_one_dash_or_two_are_the_same(node: Any) -> None:
    one = ask(*options_of(node), "-named", "getblockhash", "height=0")
    two = ask(*(f"-{each}" for each in options_of(node)), "--named", "getblockhash", "height=0")

    assert one.returncode == 0
    assert one.stdout == two.stdout


def test_missing_cookie_advises_options_that_exist(tmp_path: Path) -> None:
    done = ask("-regtest", f"-datadir={tmp_path}", "getblockcount")

    assert done.returncode == 1
    assert "start the node" in done.stderr
    assert "with -datadir" in done.stderr
    assert "-rpcuser and -rpcpassword" in done.stderr
    assert "--" not in done.stderr


def test_wrong_password_and_wrong_port_advise_options_that_exist(node: Any) -> None:
    guess = ask(*options_of(node), "-rpcuser=me", "-rpcpassword=guess", "getblockcount")
    nobody = ask("-regtest", f"-datadir={node.datadir}", "-rpcport=1", "getblockcount")

    assert "check -rpcuser and -rpcpassword" in guess.stderr
    assert "with -rpcconnect and -rpcport" in nobody.stderr
    assert "--" not in guess.stderr + nobody.stderr


def test_unknown_method_leads_to_the_list_of_methods(node: Any) -> None:
    done = ask(*options_of(node), "getblokcount")

    assert done.returncode == 1
    assert "error code: -32601" in done.stderr
    assert "see ccxx-cli help" in done.stderr
    assert "getblockcount" in ask(*options_of(node), "help").stdout


def test_parameters_may_come_from_standard_input(node: Any) -> None:
    done = ask(*options_of(node), "-stdin", "getblockhash", typed="0\n")

    assert done.stdout.strip() == node.client.call("getblockhash", 0)


def test_version_is_told_without_a_node() -> None:
    assert ask("-version").stdout.startswith("ccxx-cli version 0.")


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_node_can_be_named_by_its_ipv6_address(node: Any, host: str) -> None:
    done = ask(*options_of(node), f"-rpcconnect={host}", "-rpcclienttimeout=5", "getblockcount")

    assert done.stdout == "0\n" or f"[::1]:{node.port}" in done.stderr


def test_text_parameters_are_those_of_real_methods() -> None:
    known = {name for method in REGISTRY.methods.values() for name in method.parameters}

    assert known >= TEXT_PARAMETERS


def test_hex_of_digits_only_is_text(node: Any) -> None:
    by_place = ask(*options_of(node), "decodescript", "51")
    by_name = ask(*options_of(node), "-named", "decodescript", "hexstring=51")

    assert '"asm": "1"' in by_place.stdout
    assert by_name.stdout == by_place.stdout


def test_message_that_looks_like_a_number_is_signed_as_it_stands(node: Any) -> None:
    secret = "cMceqPhHedrhbcR9eXgzmfWy7kRqLyAxMYwFT6ABDWsiwUp9Nsq9"

    signature = ask(*options_of(node), "signmessagewithprivkey", secret, "007").stdout.strip()
    address = "mrcNu71ztWjAQA6ww9kHiW3zBWSQidHXTQ"
    verdict = ask(*options_of(node), "verifymessage", address, signature, "007")

    assert verdict.stdout.strip() == "true"


def test_waiting_ends_where_the_password_is_wrong(node: Any) -> None:
    done = ask(*options_of(node), "-rpcwait", "-rpcuser=me", "-rpcpassword=guess", "getblockcount")

    assert done.returncode == 1
    assert "check -rpcuser and -rpcpassword" in done.stderr


def test_environment_names_the_node_as_it_does_to_wallets(node: Any) -> None:
    assert ask("getblockcount", **settings_of(node)).stdout == "0\n"


def test_option_wins_over_the_environment(node: Any, tmp_path: Path) -> None:
    elsewhere = {
        "CCXX_NETWORK": "test",
        "CCXX_DATADIR": str(tmp_path / "nowhere"),
        "CCXX_NODE": "http://me:guess@127.0.0.1:1",
    }

    assert ask(*options_of(node), "getblockcount", **elsewhere).stdout == "0\n"


def test_environment_wins_over_the_settings_file(node: Any, tmp_path: Path) -> None:
    (tmp_path / "counosx.conf").write_text("testnet=1\nrpcport=1\n")
    cookie = f"-rpccookiefile={node.datadir / 'regtest' / '.cookie'}"

    done = ask(cookie, "getblockcount", **settings_of(node) | {"CCXX_DATADIR": str(tmp_path)})

    assert done.stdout == "0\n"


def test_password_in_the_environment_is_used_where_no_other_is_given(node: Any) -> None:
    settings = settings_of(node) | {"CCXX_NODE": f"http://me:guess@127.0.0.1:{node.port}"}
    cookie = f"-rpccookiefile={node.datadir / 'regtest' / '.cookie'}"

    assert "check -rpcuser and -rpcpassword" in ask("getblockcount", **settings).stderr
    assert ask(cookie, "getblockcount", **settings).stdout == "0\n"


def test_unknown_network_in_the_environment_is_named() -> None:
    done = ask("getblockcount", CCXX_NETWORK="moon")

    assert done.returncode == 1
    assert "CCXX_NETWORK is 'moon'" in done.stderr


def test_method_and_parameters_may_both_come_from_standard_input(node: Any) -> None:
    done = ask(*options_of(node), "-stdin", typed="getblockhash\n0\n")

    assert done.stdout.strip() == node.client.call("getblockhash", 0)


def test_password_comes_before_parameters_on_standard_input(node: Any) -> None:
    user, _, password = (node.datadir / "regtest" / ".cookie").read_text().partition(":")
    options = (*options_of(node), f"-rpcuser={user}", "-stdin", "-stdinrpcpass")

    right = ask(*options, "echo", typed=f"{password}\nfoo\nbar")
    wrong = ask(*options, "echo", typed="foo")
    none = ask(*options, "echo")

    assert json.loads(right.stdout) == ["foo", "bar"]
    assert (wrong.returncode, none.returncode) == (1, 2)
    assert "refused our user name and password" in wrong.stderr
    assert "failed to read from standard input" in none.stderr


def test_summary_has_what_its_calls_say(node: Any) -> None:
    summary = json.loads(ask(*options_of(node), "-getinfo").stdout)

    network = node.client.call("getnetworkinfo")
    assert summary["version"] == network["version"]
    assert summary["connections"] == network["connections"]
    assert summary["chain"] == "regtest"
    assert summary["testnet"] is False
    assert ask(*options_of(node), "-getinfo", "help").returncode == 2


def test_numbers_go_and_come_in_their_own_digits(node: Any) -> None:
    address = node.client.call("decodescript", "51")["p2sh"]

    echoed = ask(*options_of(node), "echojson", "0.123456789", "1.0", "NaN", '{"a":1.50}')
    coin = [{"txid": "11" * 32, "vout": 0}]
    free = node.client.call("createrawtransaction", coin, {address: 0})
    shown = ask(*options_of(node), "decoderawtransaction", free)

    assert json.loads(echoed.stdout, parse_float=str) == [
        "0.123456789",
        "1.0",
        "NaN",
        {"a": "1.50"},
    ]
    assert '"value": 0.00000000,' in shown.stdout


def test_amounts_are_sent_as_they_stand(node: Any) -> None:
    address = node.client.call("decodescript", "51")["p2sh"]

    too_fine = ask(*options_of(node), "createrawtransaction", "[]", f'{{"{address}":0.123456789}}')
    twice = ask(*options_of(node), "createrawtransaction", "[]", f'{{"{address}":1,"{address}":2}}')

    assert "Invalid amount" in too_fine.stderr
    assert "duplicated address" in twice.stderr


def test_switch_can_be_off_and_parameters_may_have_any_name(node: Any) -> None:
    off = ask(*options_of(node), "-named=0", "-getinfo=0", "getblockhash", "0")
    odd = ask(*options_of(node), "-named", "getblockhash", "self=0", "method=1")

    assert len(off.stdout.strip()) == 64
    assert "Unknown named parameter" in odd.stderr


@pytest.mark.parametrize(
    ("options", "status", "reason"),
    [
        (("-rpcclienttimeout=\u00b2",), 2, "wanted seconds"),
        (("-rpcclienttimeout=99999999999",), 1, "no node answers"),
        (("-rpcwait", "-rpcwaittimeout=1"), 1, "no node answers"),
        (("-rpcwaittimeout=-1",), 2, "wanted seconds"),
        (("-rpcwait", "-rpccookiefile=/"), 1, "cannot read the cookie file"),
        (("-rpcconnect=127.0.0.1:\u00b2",), 1, "not of the form host:port"),
        (("-rpcconnect=bad host",), 1, "has no host"),
        (("-rpcconnect=a..b",), 1, "no node answers"),
        (("-rpccookiefile=/",), 1, "cannot read the cookie file"),
        (("-stdin",), 2, "no text in the encoding"),
    ],
)
def test_odd_options_are_refused_in_one_line(
    tmp_path: Path, options: tuple[str, ...], status: int, reason: str
) -> None:
    login = ("-rpcuser=me", "-rpcpassword=guess") if "cookie" not in options[-1] else ()
    command = ("-regtest", f"-datadir={tmp_path}", "-rpcport=1", *login, *options, "getblockcount")

    done = ask(*command, typed="\udcff\n", PYTHONIOENCODING="utf-8:strict")

    assert done.returncode == status
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("output", ["full disk", "closed pipe", "closed"])
def test_output_that_cannot_be_written_is_named_in_one_line(node: Any, output: str) -> None:
    command = shlex.join([sys.executable, "-m", "ccxx_node.cli", *options_of(node), "help"])
    shell = {
        "full disk": f"{command} > /dev/full",
        "closed pipe": f"set -o pipefail; {command} | true",
        "closed": f"{command} >&-",
    }[output]

    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "cannot write the answer" in done.stderr


def test_port_may_stand_behind_the_host(node: Any) -> None:
    options = ("-regtest", f"-datadir={node.datadir}", f"-rpcconnect=127.0.0.1:{node.port}")

    assert ask(*options, "getblockcount").stdout == "0\n"


def test_waiting_for_a_node_ends_when_it_is_there(start_node: Callable[..., Any]) -> None:
    node = start_node(waits=False)

    done = ask(*options_of(node), "-rpcwait", "getblockcount")

    assert (done.returncode, done.stdout) == (0, "0\n")


def test_answer_that_takes_too_long_is_given_up(node: Any) -> None:
    done = ask(*options_of(node), "-rpcclienttimeout=1", "waitfornewblock")

    assert done.returncode == 1
    assert "did not answer in time" in done.stderr


@pytest.mark.parametrize("method", ["getnewaddress", "sendtoaddress", "listunspent", "generate"])
def test_methods_of_a_wallet_lead_to_the_wallets(node: Any, method: str) -> None:
    done = ask(*options_of(node), method)

    assert done.returncode == 1
    assert "error code: -32601\nerror message:\nMethod not found" in done.stderr
    assert "this node has no wallet: ccxx-root, ccxx-issuer and ccxx-holder" in done.stderr
    assert "generatetoaddress mines" in done.stderr


def test_no_method_of_ours_is_taken_for_a_wallets() -> None:
    assert WALLET_METHODS.isdisjoint(REGISTRY.methods)


def test_long_waiting_says_for_what_it_waits_and_where_to_look(tmp_path: Path) -> None:
    places = {name: tmp_path / name / "regtest" / "debug.log" for name in ("new", "old")}
    for log in places.values():
        log.parent.mkdir(parents=True)
    places["old"].touch()
    options = ("-regtest", "-rpcport=1", "-rpcwait", "-rpcwaittimeout=6", "getblockcount")
    command = [sys.executable, "-m", "ccxx_node.cli"]

    both = [
        subprocess.Popen(
            [*command, f"-datadir={tmp_path / name}", *options], stderr=subprocess.PIPE, text=True
        )
        for name in places
    ]
    new, old = (waiting.communicate(timeout=60)[1].splitlines() for waiting in both)

    place = "still waiting for 127.0.0.1:1: "
    assert new[0] == f"{place}nothing runs with this -datadir, there is no {places['new']}"
    assert old[0] == f"{place}if the node did not start, {places['old']} says why"
    assert [len(new), len(old)] == [2, 2]
