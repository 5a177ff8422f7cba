"""`ccxx-node`: read the settings, keep the log, run the node until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import IO

from ccxx_core.errors import CcxxError
from ccxx_node.config import Config, ConfigError, read_config
from ccxx_node.node.log_bounds import LogBounds
from ccxx_node.node.node import Node
from ccxx_node.node.settings import VERSION
from ccxx_node.node.start_log import FOREGROUND, log_start
from ccxx_node.rpc.log_categories import is_category, switch

_log = logging.getLogger("ccxx.daemon")

_USAGE = f"""ccxx-node {VERSION}: a full node of the CCXX chain

Usage: ccxx-node [options]

Options:
  -datadir=DIR         where everything is kept (default: ~/.counosx); it must exist
  -conf=FILE           settings, one `name=value` a line (default: DIR/counosx.conf)
  -regtest -testnet    another network than the main one
  -loadblock=FILE      import recorded blocks (length and block, plain or gzip) after the start
  -stopafterblockimport  stop when that is done
  -reindex             rebuild everything from the block files
  -reindex-chainstate  rebuild the unspent coins
  -blocksdir=DIR       where the block files are kept (default: below -datadir)
  -prune=N             delete old blocks: 1 on request, from 550 to stay below N MiB
  -txindex             keep an index of all transactions for getrawtransaction
  -dbcache=N           MiB of memory for the chain (default: 450)
  -par=N               processes that check signatures (default: one a core, on regtest 1)
  -rpcport=N -rpcbind=ADDRESS -rpcallowip=SUBNET   where to listen, whom to hear
  -rpcuser=NAME -rpcpassword=TEXT -rpcauth=USER:SALT$HASH -rpccookiefile=FILE
  -rpcwhitelist=USER:METHOD,METHOD -rpcwhitelistdefault=0   which methods a user may call
  -rpcthreads=N -rpcworkqueue=N -rpcservertimeout=SECONDS   bounds of RPC
  -rest                answer /rest/ without a password
  -addnode=HOST -connect=HOST -seednode=HOST -dnsseed=0   whom to call
  -listen=0 -port=N -bind=ADDRESS -whitebind=ADDRESS:PORT -externalip=ADDRESS   who may call
  -proxy=HOST:PORT -onion=HOST:PORT -onlynet=NETWORK -networkactive=0   how to call
  -maxconnections=N -maxuploadtarget=N -whitelist=SUBNET -banscore=N -bantime=SECONDS
  -blocksonly -peerbloomfilters=0 -minimumchainwork=HEX -maxtipage=SECONDS
  -trustedminers=off|list:FILE|url:URL   whose blocks are valid on the main network
  -acceptnonstdtxn=0   relay only what is standard (default on the main network)
  -mempoolreplacement=1  let better paid transactions replace others (BIP 125)
  -maxmempool=N -mempoolexpiry=HOURS -minrelaytxfee=AMOUNT -persistmempool=0
  -metricsport=N -metricsbind=ADDRESS   numbers for Prometheus and /health
  -blocknotify=COMMAND -alertnotify=COMMAND   run at a new tip, at a warning
  -debug=CATEGORY -debugexclude=CATEGORY -printtoconsole  more in the log, the log on
                       standard output; without a category all of them
  -testmaturity=N -testsubsidy=N -mocktime=N -fastprune -vbparams=NAME:START:END
                       for tests, on regtest only

Options of other daemons of the family are accepted where this node has no use for them. It stays
in the foreground, with -daemon too: use systemd or `&`.
Stop it with `ccxx-cli stop`, Ctrl-C or SIGTERM.
"""


def main() -> int:
    """Run the node; the process leaves with 0 when all went well, else with 1 and one line."""
    if any(argument in ("-h", "-help", "--help", "-?") for argument in sys.argv[1:]):
        sys.stdout.write(_USAGE)
        return 0
    if any(argument in ("-version", "--version") for argument in sys.argv[1:]):
        sys.stdout.write(f"ccxx-node version {VERSION}\n")
        return 0
    # Until the log is open nothing may reach standard error but our one line.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        _run(read_config(sys.argv[1:]))
    except CcxxError as error:
        _log.error("node failed reason=%s", error)
        text = str(error)
        # Messages about reading settings say so themselves, in the family's words.
        sys.stderr.write(f"{text}\n" if text.startswith("Error ") else f"Error: {text}\n")
        return 1
    return 0


def _run(config: Config) -> None:
    folder = config.network_datadir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = _lock(folder)
    except OSError as error:
        raise ConfigError(
            f"Cannot write to data directory '{folder}'; check permissions. ({error.strerror})"
        ) from error
    with lock:
        open_log(config)
        log_start(config)
        for warning in config.warnings:
            sys.stderr.write(f"{warning}\n")
        if config.flag("daemon"):
            sys.stderr.write(f"Warning: {FOREGROUND}\n")
            _log.warning("option without effect name=daemon reason=%s", FOREGROUND)
        for name in config.ignored:
            _log.warning("unknown option ignored name=%s", name)
        node = Node(config)
        _write_pid(config)
        _run_loop(node)


def _run_loop(node: Node) -> None:
    if sys.platform == "win32":
        asyncio.run(_serve(node))
    else:
        import uvloop

        uvloop.run(_serve(node))


async def _serve(node: Node) -> None:
    if sys.platform != "win32":
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, node.request_stop)
        # Sent by programs that rotate logs: the log notices by itself that its file is gone.
        loop.add_signal_handler(signal.SIGHUP, lambda: _log.info("log reopened"))
    await node.run()


def _lock(folder: Path) -> IO[str]:
    """Return the open lock file; it is locked as long as it is open."""
    lock = (folder / ".lock").open("w")
    if sys.platform == "win32":
        return lock
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigError(
            f"Cannot obtain a lock on data directory {folder}."
            " ccxx-node is probably already running."
        ) from None
    return lock


def _write_pid(config: Config) -> None:
    name = config.text("pid")
    if not name:
        return
    path = config.network_datadir / name
    try:
        path.write_text(f"{os.getpid()}\n")
    except OSError as error:
        raise ConfigError(f"cannot write the process id to {path}: {error.strerror}") from error


def open_log(config: Config) -> None:
    """Send the log to `debug.log` in the network's folder, and with an option to the console.

    A log file that was moved away is made anew, so that it can be rotated while the node runs.
    """
    path = config.network_datadir / (config.text("debuglogfile") or "debug.log")
    form = "%(asctime)s %(message)s"
    if config.flag("logtimemicros"):
        form = "%(asctime)s.%(msecs)03d %(message)s"
    if not config.flag("logtimestamps", True):
        form = "%(message)s"
    handlers: list[logging.Handler] = []
    if config.text("debuglogfile") != "0":
        try:
            handlers.append(WatchedFileHandler(path, encoding="utf-8"))
        except OSError:
            raise ConfigError(f"Could not open debug log file {path}") from None
    if config.flag("printtoconsole"):
        handlers.append(logging.StreamHandler(sys.stdout))
    formatter = logging.Formatter(form, "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    for handler in handlers:
        handler.setFormatter(formatter)
    # A full disk costs lines of the log, and must not write to standard error for each.
    logging.raiseExceptions = False
    logging.basicConfig(
        level=logging.INFO, handlers=handlers or [logging.NullHandler()], force=True
    )
    # Where lines tell of what peers and callers do.
    for name in ("ccxx.net", "ccxx.node", "ccxx.rpc"):
        logging.getLogger(name).addFilter(LogBounds())
    # Their debug lines are about themselves, not about the chain.
    for name in ("asyncio", "aiohttp"):
        logging.getLogger(name).setLevel(logging.WARNING)
    _choose_categories(config)


def _choose_categories(config: Config) -> None:
    wanted = config.texts("debug")
    # As in the family, one `-debug=0` among several switches all of them off.
    if not {"0", "none"}.isdisjoint(wanted):
        wanted = ()
    for names, on in ((wanted, True), (config.texts("debugexclude"), False)):
        for name in names:
            if is_category(name):
                switch(name, on=on)
            else:
                _log.warning("unknown log category ignored name=%s", name)


if __name__ == "__main__":
    sys.exit(main())
