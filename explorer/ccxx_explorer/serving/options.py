"""The options of `serve` about where and to whom it answers."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ccxx_explorer.serving.log import ACCESS
from ccxx_explorer.serving.running import Listening
from ccxx_explorer.serving.settings import SERVING_DEFAULTS, Serving, Subnet


class _Network(click.ParamType[Subnet]):
    """An address or a network: `10.0.0.7`, `10.0.0.0/8`."""

    name = "network"

    def convert(self, value: Any, param: Any, ctx: Any) -> Subnet:
        """Read it, or say how it is written."""
        try:
            return ipaddress.ip_network(value)
        except ValueError:
            self.fail(f"{value} is no address or network: write 10.0.0.7 or 10.0.0.0/8", param, ctx)


def _check_origin(_ctx: Any, _param: Any, value: str | None) -> str | None:
    if value is None:
        return None
    scheme, found, host = value.rstrip("/").partition("://")
    if scheme not in ("http", "https") or not found or not host or "/" in host:
        raise click.BadParameter("it is written https://explorer.example, without a path")
    return f"{scheme}://{host}"


_OPTIONS = (
    click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen."),
    click.option("--port", type=click.IntRange(1, 65535), default=8571, show_default=True),
    click.option(
        "--socket",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="CCXX_SOCKET",
        help="Listen at this Unix socket instead, for a web server in front.",
    ),
    click.option(
        "--proxy",
        "proxies",
        type=_Network(),
        multiple=True,
        envvar="CCXX_PROXY",
        help="A web server in front, whose X-Forwarded-For is believed; may be given again.",
    ),
    click.option(
        "--url",
        "origin",
        callback=_check_origin,
        envvar="CCXX_URL",
        help="How visitors write this explorer's address: https://explorer.example.",
    ),
    click.option(
        "--rate",
        type=click.FloatRange(min=0),
        default=SERVING_DEFAULTS.rate,
        show_default=True,
        envvar="CCXX_RATE",
        help="Questions a second of one client, 0 for no limit.",
    ),
    click.option(
        "--burst",
        type=click.IntRange(min=1),
        default=SERVING_DEFAULTS.burst,
        show_default=True,
        envvar="CCXX_BURST",
        help="Questions that one client may ask at once.",
    ),
    click.option(
        "--threads",
        type=click.IntRange(1, 64),
        default=SERVING_DEFAULTS.threads,
        show_default=True,
        envvar="CCXX_THREADS",
        help="Questions that are looked up at the same time.",
    ),
    click.option("--no-broadcast", is_flag=True, help="Let visitors send no transactions."),
    click.option("--access-log", is_flag=True, help="Log one line for every request."),
)


def serving_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options, as `listening` and `serving`."""

    @wraps(command)
    def run(*args: Any, access_log: bool, no_broadcast: bool, **options: Any) -> None:
        ACCESS.setLevel(logging.INFO if access_log else logging.WARNING)
        listening = Listening(*(options.pop(name) for name in ("host", "port", "socket")))
        names = ("rate", "burst", "proxies", "threads", "origin")
        given = {name: options.pop(name) for name in names}
        serving = Serving(**given, broadcast=not no_broadcast)
        command(*args, listening=listening, serving=serving, **options)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run
