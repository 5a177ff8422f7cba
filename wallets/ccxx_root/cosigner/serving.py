"""Running the co-signer service: opened in its worker thread, closed in it, whatever happens."""

import asyncio
import logging
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
from aiohttp import web

from ccxx_root.cosigner.desk import CosignerDesk
from ccxx_root.cosigner.opening import (
    check_listening,
    close_cosigner,
    keep_types,
    open_cosigner,
    tls_context,
)
from ccxx_root.cosigner.patience import Patience, listen
from ccxx_root.cosigner.policy import Policy
from ccxx_root.cosigner.service import Service, create_app
from ccxx_wallet.cli import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """What `cosigner serve` was told."""

    settings: Settings
    policy: Policy
    host: str
    port: int
    types: Path | None
    grants: bool
    tls_certificate: Path | None
    tls_key: Path | None
    client_ca: Path | None


def serve(station: Station) -> None:
    """Serve until the process is stopped; the passphrase is asked for once, at the start."""
    context = tls_context(station.tls_certificate, station.tls_key, station.client_ca)
    check_listening(station.host, context is not None)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with ThreadPoolExecutor(1, "cosigner") as worker:
        desk = station.settings.unlock(
            lambda passphrase: worker.submit(_open, station, passphrase).result()
        )
        try:
            if station.settings.dry_run:
                facts = {"height": desk.live.tip_height, "dry_run": True}
                station.settings.screen.show(facts, "wallet, node, policy and log are in order")
                return
            _run(station, Service(desk, worker), context)
        finally:
            worker.submit(close_cosigner, desk).result()


def _open(station: Station, passphrase: str) -> CosignerDesk:
    desk = open_cosigner(station.settings, station.policy, passphrase, station.grants)
    try:
        if station.types is not None:
            keep_types(desk.live, station.types)
        desk.live.sync(station.settings.screen)
    except BaseException:
        close_cosigner(desk)
        raise
    return desk


def _run(station: Station, service: Service, context: ssl.SSLContext | None) -> None:
    # SIGTERM ends it as Ctrl-C does.
    with suppress(web.GracefulExit, KeyboardInterrupt):
        asyncio.run(_serve(station, service, context))


async def _serve(station: Station, service: Service, context: ssl.SSLContext | None) -> None:
    runner = web.AppRunner(create_app(service), access_log=None, handle_signals=True)
    await runner.setup()
    answering = runner.server
    assert answering is not None
    try:
        server = await listen(answering, (station.host, station.port), context, Patience())
        try:
            host, port, *_ = server.sockets[0].getsockname()
            scheme = "http" if context is None else "https"
            click.echo(f"Co-signer: {scheme}://{host}:{port}", err=True)
            await asyncio.Event().wait()
        finally:
            server.close()
    finally:
        await runner.cleanup()
