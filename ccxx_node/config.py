"""The node's settings: single-dash options and `counosx.conf`, as Bitcoin-family daemons read them.

Only reading happens here. What an option means is decided where it is used; options of parts that
this node does not have (a wallet, for one) are accepted and ignored, so that scripts written for
other daemons of the family keep working.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ccxx_core.amount import parse_amount
from ccxx_core.errors import CcxxError, DecodeError
from ccxx_core.network import MAIN, NETWORKS, REGTEST, TEST, Network

DEFAULT_DATADIR = Path("~/.counosx")
CONFIG_FILE = "counosx.conf"

Values = Mapping[str, tuple[str, ...]]

# On test networks these are read only from the network's own section, or from the command line.
_SECTION_ONLY = frozenset({"addnode", "bind", "connect", "port", "rpcbind", "rpcport", "wallet"})

_OUR_OPTIONS = frozenset(
    """
    acceptnonstdtxn addnode addrmantest alertnotify banscore bantime bind blockmaxweight
    blockmintxfee blocknotify blockreconstructionextratxn blocksdir blocksonly blockversion
    bytespersigop chain checkblocks conf connect datacarrier datacarriersize datadir dbcache debug
    debugexclude debuglogfile discover dns dnsseed dustrelayfee enablebip61 externalip fastprune
    feefilter forcednsseed help includeconf incrementalrelayfee limitancestorcount limitancestorsize
    limitdescendantcount limitdescendantsize listen loadblock logtimemicros logtimestamps
    maxconnections maxmempool maxorphantx maxreceivebuffer maxsendbuffer maxtipage maxuploadtarget
    mempoolexpiry mempoolreplacement metricsbind metricsport minimumchainwork minrelaytxfee mocktime
    networkactive onion onlynet par peerbloomfilters permitbaremultisig persistmempool pid port
    printtoconsole proxy proxyrandomize prune regtest reindex reindex-chainstate rest rpcallowip
    rpcauth rpcbind rpccookiefile rpcpassword rpcport rpcservertimeout rpcthreads rpcuser
    rpcwhitelist rpcwhitelistdefault rpcworkqueue seednode server stopafterblockimport stopatheight
    testmaturity testnet testsubsidy timeout trustedminers txindex uacomment vbparams version
    whitebind whitelist whitelistforcerelay whitelistrelay
    """.split()
)
_ACCEPTED_OPTIONS = frozenset(
    """
    addresstype assumevalid avoidpartialspends changetype checkblockindex checklevel checkmempool
    checkpoints daemon dbbatchsize dblogsize deprecatedrpc disablewallet discardfee dropmessagestest
    fallbackfee flushwallet keypool listenonion logips maxsigcachesize maxtimeadjustment maxtxfee
    mintxfee paytxfee printpriority privdb rescan rpcserialversion salvagewallet shrinkdebugfile
    spendzeroconfchange sysperms torcontrol torpassword txconfirmtarget upgradewallet upnp wallet
    walletbroadcast walletdir walletnotify walletrbf walletrejectlongchains zapwallettxes
    zmqpubhashblock zmqpubhashtx zmqpubrawblock zmqpubrawtx
    """.split()
)
_KNOWN_OPTIONS = _OUR_OPTIONS | _ACCEPTED_OPTIONS


class ConfigError(CcxxError):
    """The command line or the configuration file cannot be used; the text says which part."""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that was set, where the command line stands before the configuration file.

    In both mappings an option that was switched off (`-nofoo`) has no values. `ignored` are options
    of the file that nobody knows, `warnings` what the operator should read on standard error,
    `conf` is where the file stands, or would stand.
    """

    network: Network
    datadir: Path
    command_line: Values
    file: Values
    ignored: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    conf: Path = Path(CONFIG_FILE)

    @property
    def network_datadir(self) -> Path:
        """The folder of the chosen network below the data folder."""
        return self.datadir / self.network.data_folder

    def texts(self, name: str) -> tuple[str, ...]:
        """Return all values of an option that may be given more than once."""
        given = self.command_line.get(name)
        if given == ():
            return ()
        return (given or ()) + self._file_values(name)

    def text(self, name: str, default: str = "") -> str:
        """Return an option's text: the last on the command line, else the first in the file."""
        if name in self.command_line:
            values = self.command_line[name]
            return values[-1] if values else "0"
        values = self._file_values(name)
        if values:
            return values[0]
        return "0" if self._is_negated_in_file(name) else default

    def is_set(self, name: str) -> bool:
        """Tell whether the option was given at all."""
        return name in self.command_line or bool(self._file_values(name))

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a switch: `-foo` and `-foo=1` are on, `-foo=0` and `-nofoo` are off."""
        text = self.text(name, "1" if default else "0")
        return text in ("", "1", "true") or (text.lstrip("-").isdigit() and int(text) != 0)

    def number(self, name: str, default: int) -> int:
        """Return a whole number, or raise `ConfigError`."""
        text = self.text(name, str(default))
        try:
            return int(text)
        except ValueError:
            raise ConfigError(f"-{name} is '{text}', wanted a whole number") from None

    def amount(self, name: str, default: int) -> int:
        """Return an amount of coins in satoshis, or raise `ConfigError`."""
        if not self.is_set(name):
            return default
        text = self.text(name)
        try:
            return parse_amount(text)
        except DecodeError:
            raise ConfigError(f"Invalid amount for -{name}=<amount>: '{text}'") from None

    def _file_values(self, name: str) -> tuple[str, ...]:
        section = self.file.get(f"{self.network.chain}.{name}", ())
        if name in _SECTION_ONLY and self.network is not MAIN:
            return section
        return section + self.file.get(name, ())

    def _is_negated_in_file(self, name: str) -> bool:
        return self.file.get(f"{self.network.chain}.{name}", self.file.get(name)) == ()


def read_config(arguments: Sequence[str]) -> Config:
    """Read the command line and the configuration file that it points to."""
    command_line = parse_arguments(arguments)
    datadir = _datadir(command_line, {})
    conf = Path(_last(command_line, "conf") or CONFIG_FILE)
    file = _read_file(datadir / conf, must_exist="conf" in command_line)
    network = _network(command_line, file)
    warnings: tuple[str, ...] = ()
    if "includeconf" not in command_line:
        file, warnings = _include(file, datadir, network)
        network = _network(command_line, file)
    ignored = tuple(name for name in file if name.rpartition(".")[2] not in _KNOWN_OPTIONS)
    return Config(
        network, _datadir(command_line, file), command_line, file, ignored, warnings, datadir / conf
    )


def parse_arguments(arguments: Iterable[str]) -> Values:
    """Parse single-dash options (two dashes are taken as one), or raise `ConfigError`."""
    values: dict[str, tuple[str, ...]] = {}
    for argument in arguments:
        if not argument.startswith("-") or argument == "-":
            raise ConfigError(
                f"Command line contains unexpected token '{argument}', see -help for the options."
            )
        name, _, value = argument.removeprefix("-").removeprefix("-").partition("=")
        name, kept = _interpret_negation(name, value)
        if name not in _KNOWN_OPTIONS:
            raise ConfigError(f"Error parsing command line arguments: Invalid parameter -{name}")
        values[name] = () if kept is None else (*values.get(name, ()), kept)
    for included in values.get("includeconf", ()):
        raise ConfigError(
            "Error parsing command line arguments: -includeconf cannot be used from commandline;"
            f" -includeconf={included}"
        )
    return values


def parse_file(text: str) -> Values:
    """Parse a configuration file: `name=value` lines, `#` comments and `[section]` headings."""
    values: dict[str, tuple[str, ...]] = {}
    section = ""
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.partition("#")[0].strip()
        if not line:
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1] + "."
            continue
        name, value = _parse_line(line, number)
        name, kept = _interpret_negation(section + name, value)
        values[name] = () if kept is None else (*values.get(name, ()), kept)
    return values


def _parse_line(line: str, number: int) -> tuple[str, str]:
    problem = f"Error reading configuration file: parse error on line {number}: {line}"
    if line.startswith("-"):
        raise ConfigError(
            f"{problem}, options in configuration file must be specified without leading -"
        )
    name, equals, value = line.partition("=")
    if not equals and line.startswith("no"):
        raise ConfigError(
            f"{problem}, if you intended to specify a negated option, use {line}=1 instead"
        )
    if not equals:
        raise ConfigError(problem)
    return name.strip(), value.strip()


def _interpret_negation(name: str, value: str) -> tuple[str, str | None]:
    prefix, dot, bare = name.rpartition(".")
    if not bare.startswith("no") or bare in _KNOWN_OPTIONS:
        return name, value
    positive = prefix + dot + bare.removeprefix("no")
    # -nofoo=0 is a double negative: foo is on.
    return (positive, "1") if value == "0" else (positive, None)


def _include(file: Values, datadir: Path, network: Network) -> tuple[Values, tuple[str, ...]]:
    names = ("includeconf", f"{network.chain}.includeconf")
    merged = {name: values for name, values in file.items() if name not in names}
    warnings: list[str] = []
    for included in (path for name in names for path in file.get(name, ())):
        try:
            more = _read_file(datadir / included, must_exist=True)
        except ConfigError as error:
            if "does not exist" not in str(error):
                raise
            raise ConfigError(
                f"Error reading configuration file: Failed to include configuration file {included}"
            ) from error
        for name, values in more.items():
            if name in names:
                warnings += (
                    "warning: -includeconf cannot be used from included files;"
                    f" ignoring -includeconf={value}"
                    for value in values
                )
            else:
                merged[name] = (*merged.get(name, ()), *values) if values else ()
    return merged, tuple(warnings)


def _read_file(path: Path, *, must_exist: bool) -> Values:
    try:
        return parse_file(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if must_exist:
            raise ConfigError(f"configuration file {path} does not exist.") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration file {path} cannot be read: {error}") from error


def _last(values: Values, name: str) -> str:
    given = values.get(name, ())
    return given[-1] if given else ""


def _datadir(command_line: Values, file: Values) -> Path:
    text = _last(command_line, "datadir") or "".join(file.get("datadir", ())[:1])
    if not text:
        return DEFAULT_DATADIR.expanduser()
    path = Path(text).expanduser().absolute()
    if not path.is_dir():
        raise ConfigError(f'Specified data directory "{text}" does not exist.')
    return path


def _network(command_line: Values, file: Values) -> Network:
    chosen = Config(MAIN, Path(), command_line, file)
    named = chosen.text("chain")
    if named and named not in NETWORKS:
        raise ConfigError(f"Unknown chain {named}.")
    regtest, testnet = chosen.flag("regtest"), chosen.flag("testnet")
    if regtest and testnet:
        raise ConfigError("Invalid combination of -regtest and -testnet.")
    if regtest:
        return REGTEST
    return TEST if testnet else NETWORKS[named or MAIN.chain]
