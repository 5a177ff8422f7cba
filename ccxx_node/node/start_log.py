"""What the log says first: which version runs where, with which settings."""

from __future__ import annotations

import logging

from ccxx_node.config import Config, Values
from ccxx_node.node.settings import VERSION

_log = logging.getLogger("ccxx.node")

FOREGROUND = "this node stays in the foreground: -daemon has no effect, use systemd or `&`"

# Passwords, what they are proven by, and commands that may carry a key to some other service.
_SECRET = frozenset(
    """
    alertnotify blocknotify rpcauth rpcpassword rpcuser torpassword trustedminers walletnotify
    """.split()
)


def log_start(config: Config) -> None:
    """Log version, folders, network and the options given; what may be secret only by its name."""
    conf = config.conf if config.conf.is_file() else "none"
    _log.info(
        "node starting version=%s network=%s datadir=%s conf=%s",
        VERSION,
        config.network.chain,
        config.network_datadir,
        conf,
    )
    for source, values in (("command-line", config.command_line), ("conf", config.file)):
        given = format_options(values, config.ignored)
        if given:
            _log.info("options given by=%s %s", source, given)


def format_options(values: Values, ignored: tuple[str, ...] = ()) -> str:
    """Print options in one line; those that nobody knows may be misspelt passwords."""
    return " ".join(
        _format(name, text)
        for name, texts in values.items()
        if name not in ignored
        for text in texts or ("0",)
    )


def _format(name: str, text: str) -> str:
    if name.rpartition(".")[2] in _SECRET:
        return f"-{name}=***"
    # No text of ours may begin a line of its own.
    shown = text if text.isprintable() else repr(text)
    return f"-{name}={shown}" if text else f"-{name}"
