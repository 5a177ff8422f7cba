"""Options on the command line and in the configuration file."""

from pathlib import Path

import pytest

from ccxx_core.network import MAIN, REGTEST
from ccxx_node.config import Config, ConfigError, parse_arguments, parse_file, read_config


def read(tmp_path: Path, text: str, *arguments: str) -> Config:
    (tmp_path / "counosx.conf").write_text(text)
    return read_config([f"-datadir={tmp_path}", *arguments])


def test_two_dashes_are_as_good_as_one() -> None:
    assert parse_arguments(["--regtest", "-rpcport=1"]) == {"regtest": ("",), "rpcport": ("1",)}


def test_negated_option_is_off(tmp_path: Path) -> None:
    config = read(tmp_path, "", "-nolisten")

    assert not config.flag("listen", True)


def test_double_negation_is_on(tmp_path: Path) -> None:
    config = read(tmp_path, "", "-nolisten=0")

    assert config.flag("listen")


def test_command_line_stands_before_the_file(tmp_path: Path) -> None:
    config = read(tmp_path, "rpcport=1\n", "-rpcport=2", "-rpcport=3")

    assert config.number("rpcport", 0) == 3


def test_first_line_of_the_file_counts(tmp_path: Path) -> None:
    config = read(tmp_path, "dbcache=1\ndbcache=2\n")

    assert config.number("dbcache", 0) == 1


def test_section_of_the_network_stands_before_the_rest(tmp_path: Path) -> None:
    config = read(tmp_path, "regtest=1\ndbcache=1\n[regtest]\ndbcache=2\n[test]\ndbcache=3\n")

    assert config.network is REGTEST
    assert config.number("dbcache", 0) == 2
    assert config.network_datadir == tmp_path / "regtest"


def test_ports_outside_a_section_are_for_the_main_network(tmp_path: Path) -> None:
    text = "rpcport=7\n"

    assert read(tmp_path, text).number("rpcport", 0) == 7
    assert read(tmp_path, text, "-regtest").number("rpcport", 0) == 0


def test_values_given_often_are_all_kept(tmp_path: Path) -> None:
    config = read(tmp_path, "uacomment=b\n", "-uacomment=a")

    assert config.texts("uacomment") == ("a", "b")


def test_included_file_adds_and_includes_no_further(tmp_path: Path) -> None:
    (tmp_path / "more.conf").write_text("txindex=1\nincludeconf=third.conf\n")

    config = read(tmp_path, "includeconf=more.conf\n")

    assert config.flag("txindex")
    assert config.network is MAIN
    assert "ignoring -includeconf=third.conf" in config.warnings[0]


def test_unknown_line_in_the_file_is_noted_and_ignored(tmp_path: Path) -> None:
    config = read(tmp_path, "colour=blue\ntxindex=1\n")

    assert config.ignored == ("colour",)
    assert config.flag("txindex")


def test_options_without_a_file_are_enough(tmp_path: Path) -> None:
    config = read_config([f"-datadir={tmp_path}", "-regtest"])

    assert config.datadir == tmp_path
    assert not config.is_set("rpcport")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-dash=1", "options in configuration file must be specified without leading -"),
        ("nono", "if you intended to specify a negated option, use nono=1 instead"),
        ("word", "parse error on line 1: word"),
    ],
)
def test_line_that_means_nothing_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_file(text)


@pytest.mark.parametrize(
    "arguments", [["stray"], ["-colour"], ["-includeconf=x"], ["-regtest", "-testnet"]]
)
def test_arguments_that_mean_nothing_are_refused(arguments: list[str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        read_config([f"-datadir={tmp_path}", *arguments])


@pytest.mark.parametrize("text", ["", "1", "2", "true"])
def test_switch_can_be_written_in_many_ways(tmp_path: Path, text: str) -> None:
    config = read(tmp_path, f"txindex={text}\n")

    assert config.flag("txindex")
