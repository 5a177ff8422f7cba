"""How a node starts, refuses to start, and stops."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccxx_node.node.settings import VERSION


def run_daemon(*options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "ccxx_node.daemon", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def log_of(node: Any) -> str:
    log: Path = node.datadir / "regtest" / "debug.log"
    return log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_the_node_without_a_word(node: Any, number: signal.Signals) -> None:
    node.process.send_signal(number)

    assert node.wait() == 0
    assert node.errors.read_text() == ""
    assert not (node.datadir / "regtest" / ".cookie").exists()


def test_stop_is_answered_before_the_node_leaves(node: Any) -> None:
    answer = node.client.call("stop")

    assert "stopping" in answer
    assert node.wait() == 0


def test_cookie_can_be_read_by_nobody_else(node: Any) -> None:
    mode = (node.datadir / "regtest" / ".cookie").stat().st_mode

    assert mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("-colour=1", "Invalid parameter -colour"),
        ("-rpcport=high", "-rpcport has the port 'high', wanted 1 to 65535"),
        ("-rpcport=99999", "-rpcport has the port '99999', wanted 1 to 65535"),
        ("-mocktime=4294967296", "-mocktime is 4294967296, wanted 0 to 4294967295"),
        ("-rpccookiefile=.", "cannot write the cookie"),
        ("-pid=no/such/folder", "cannot write the process id"),
        ("-minrelaytxfee=much", "Invalid amount for -minrelaytxfee=<amount>: 'much'"),
        ("-loadblock=/nowhere/blocks", "cannot read the blocks of -loadblock=/nowhere/blocks"),
        ("-testmaturity=0x", "-testmaturity is '0x'"),
        ("-vbparams=segwit:0", "Version bits parameters malformed"),
        ("-vbparams=taproot:0:1", "Invalid deployment (taproot)"),
        ("-uacomment=(", "User Agent comment (() contains unsafe characters."),
        ("-rpcauth=half", "Invalid -rpcauth argument"),
        ("-maxmempool=1", "-maxmempool must be at least"),
        ("-trustedminers=all", "-trustedminers is 'all', wanted off, list:FILE or url:URL"),
        ("-trustedminers=list:/nowhere", "cannot read the miners of -trustedminers=list:/nowhere"),
    ],
)
def test_wrong_option_is_refused_in_one_line(tmp_path: Path, option: str, said: str) -> None:
    result = run_daemon("-regtest", f"-datadir={tmp_path}", option)

    assert result.returncode == 1
    assert result.stderr.startswith("Error")
    assert result.stderr.count("\n") == 1
    assert said in result.stderr


def test_missing_data_folder_is_refused(tmp_path: Path) -> None:
    result = run_daemon("-regtest", f"-datadir={tmp_path}/nowhere")

    assert result.returncode == 1
    assert (
        result.stderr == f'Error: Specified data directory "{tmp_path}/nowhere" does not exist.\n'
    )


def test_test_rules_are_refused_on_the_main_network(tmp_path: Path) -> None:
    result = run_daemon(f"-datadir={tmp_path}", "-testmaturity=5")

    assert result.returncode == 1
    assert "regtest only" in result.stderr


def test_second_node_on_a_folder_is_refused(node: Any) -> None:
    result = run_daemon("-regtest", f"-datadir={node.datadir}", "-rpcport=1")

    assert result.returncode == 1
    assert "probably already running" in result.stderr
    assert node.client.block_count() == 0


def test_taken_port_is_refused(node: Any, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()

    result = run_daemon("-regtest", f"-datadir={other}", f"-rpcport={node.port}")

    assert result.returncode == 1
    assert "Unable to start HTTP server" in result.stderr


def test_wallet_options_of_the_family_are_accepted(start_node: Callable[..., Any]) -> None:
    node = start_node("-disablewallet", "-keypool=1", "-walletrbf=1", "-nodebug", "-discover=0")

    assert node.stop() == 0


def test_settings_come_from_the_section_of_the_network(
    start_node: Callable[..., Any], tmp_path: Path
) -> None:
    datadir = tmp_path / "configured"
    datadir.mkdir()
    (datadir / "more.conf").write_text("uacomment=more\n")
    (datadir / "counosx.conf").write_text(
        "uacomment=all # for every network\nincludeconf=more.conf\n"
        "[main]\nuacomment=main\n[regtest]\nuacomment=ours\n"
    )

    node = start_node(datadir=datadir)

    assert node.client.call("getnetworkinfo")["subversion"] == "/CCXX:0.1.0(ours; all; more)/"


@pytest.mark.parametrize(("option", "setting"), [("-daemon", ""), ("-server", "daemon=1")])
def test_node_that_cannot_leave_the_foreground_says_so(
    start_node: Callable[..., Any], tmp_path: Path, option: str, setting: str
) -> None:
    datadir = tmp_path / "daemon"
    datadir.mkdir()
    (datadir / "counosx.conf").write_text(f"{setting}\n")

    node = start_node(option, datadir=datadir)

    assert node.stop() == 0
    assert "stays in the foreground" in node.errors.read_text()
    assert node.errors.read_text().count("\n") == 1
    assert "stays in the foreground" in log_of(node)


def test_node_that_is_asked_to_stay_in_the_foreground_says_nothing(
    start_node: Callable[..., Any],
) -> None:
    node = start_node("-daemon=0")

    assert node.stop() == 0
    assert node.errors.read_text() == ""


def test_log_begins_with_version_folders_and_options(
    start_node: Callable[..., Any], tmp_path: Path
) -> None:
    datadir = tmp_path / "described"
    datadir.mkdir()
    (datadir / "counosx.conf").write_text(
        "dbcache=100\nrpcpasword=misspelt\n[regtest]\nrpcuser=me\n"
    )

    node = start_node("-nodnsseed", "-uacomment=a b", "-rpcauth=you:salt$secret", datadir=datadir)

    first, given, settings = log_of(node).splitlines()[:3]
    assert f"node starting version={VERSION} network=regtest datadir={datadir}/regtest" in first
    assert first.endswith(f"conf={datadir}/counosx.conf")
    assert "options given by=command-line" in given
    assert "-dnsseed=0 -uacomment=a b -rpcauth=***" in given
    assert settings.endswith("options given by=conf -dbcache=100 -regtest.rpcuser=***")
    assert "misspelt" not in log_of(node)
