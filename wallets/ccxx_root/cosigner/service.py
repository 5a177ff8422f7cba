"""The co-signer over HTTP: who asks, how often, how much; the desk decides everything else.

The desk, its wallet and its books belong to one worker thread, so decisions come one by one.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from aiohttp import web

from ccxx_cert.canonical import decode_json
from ccxx_cert.identity import parse_outpoint
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import format_hash, sha256
from ccxx_core.psbt import Psbt
from ccxx_core.transaction import OutPoint
from ccxx_node.client.rpc import NodeError, RpcError
from ccxx_root.cosigner.desk import CosignerDesk, receipt_facts
from ccxx_root.cosigner.refusals import CosignerError, Refusal
from ccxx_root.cosigner.throttle import Throttle
from ccxx_root.cosigner.tokens import Caller, find_caller
from ccxx_wallet.errors import Refusal as WalletRefusal
from ccxx_wallet.errors import WalletError
from ccxx_wallet.session import read_psbt

_LOG = logging.getLogger(__name__)
_BODY_SECONDS = 30
_STRANGERS_A_MINUTE = 30
_STATUS = {
    Refusal.UNAUTHORIZED: 401,
    Refusal.RATE_LIMITED: 429,
    Refusal.TOO_LARGE: 413,
    Refusal.BAD_REQUEST: 400,
    Refusal.NODE_UNAVAILABLE: 503,
    Refusal.LOG_DAMAGED: 503,
    WalletRefusal.BAD_FILE: 400,
    WalletRefusal.WRONG_NETWORK: 400,
    WalletRefusal.ALTERED: 400,
    WalletRefusal.CANNOT_WRITE: 503,
    WalletRefusal.DAMAGED_STORE: 503,
}
_FORBIDDEN = 403
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Result = TypeVar("Result")


class TooOften(CosignerError):
    """Somebody asks too often; `seconds` is how long to wait."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        super().__init__(Refusal.RATE_LIMITED, f"asked too often; wait {self.seconds} s")


class Service:
    """The desk, the thread that it belongs to, and how often each may ask."""

    def __init__(self, desk: CosignerDesk, worker: ThreadPoolExecutor) -> None:
        self.desk = desk
        self._worker = worker
        self._callers = Throttle(desk.policy.requests_a_minute)
        self._strangers = Throttle(_STRANGERS_A_MINUTE)

    async def run(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """Do something in the desk's thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, work, *arguments)

    async def caller(self, request: web.Request) -> Caller:
        """Return who asks; raises CosignerError UNAUTHORIZED or TooOften."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        shown = token.strip() if scheme.lower() == "bearer" else ""
        try:
            ledger = self.desk.books.ledger
            caller = await self.run(find_caller, ledger, shown, _fingerprint(request))
        except CosignerError:
            self._count(self._strangers, request.remote or "")
            raise
        self._count(self._callers, caller.name)
        return caller

    def read_psbt(self, body: bytes) -> Psbt:
        """Read a request's PSBT for this network and anchor; raises WalletError."""
        wallet = self.desk.live.wallet
        anchor = wallet.require_anchor()
        return read_psbt(body, "the request", wallet.network, anchor)

    def _count(self, throttle: Throttle, name: str) -> None:
        wait = throttle.seconds_to_wait(name, time.monotonic())
        if wait:
            raise TooOften(wait)


_SERVICE: web.AppKey[Service] = web.AppKey("service", Service)


def create_app(service: Service) -> web.Application:
    """Build the application for one desk."""
    app = web.Application(middlewares=[_guard], client_max_size=service.desk.policy.largest_body)
    app[_SERVICE] = service
    app.router.add_get("/v1/status", _status)
    app.router.add_post("/v1/check", _check)
    app.router.add_post("/v1/sign", _sign)
    app.router.add_post("/v1/approve", _approve)
    app.router.add_post("/v1/approve/check", _consider)
    return app


async def _status(request: web.Request) -> web.StreamResponse:
    service = request.app[_SERVICE]
    caller = await service.caller(request)
    return web.json_response(await service.run(_status_facts, service.desk, caller))


async def _check(request: web.Request) -> web.StreamResponse:
    service = request.app[_SERVICE]
    caller = await service.caller(request)
    psbt = await _psbt(request)
    return web.json_response(await service.run(service.desk.check, psbt, caller, _now()))


async def _sign(request: web.Request) -> web.StreamResponse:
    service = request.app[_SERVICE]
    caller = await service.caller(request)
    psbt = await _psbt(request)
    # Shielded: a client that hangs up does not leave a decision half made.
    answer = await asyncio.shield(service.run(service.desk.sign, psbt, caller, _now()))
    txid = format_hash(answer.psbt.transaction.txid)
    _LOG.info("signed txid=%s action=%s caller=%s", txid, answer.action, caller.name)
    return web.json_response(
        {
            "txid": txid,
            "action": answer.action,
            "lines": list(answer.lines),
            "repeated": answer.repeated,
            "psbt": answer.psbt.to_base64(),
            "receipt": receipt_facts(answer.receipt),
        }
    )


async def _approve(request: web.Request) -> web.StreamResponse:
    service = request.app[_SERVICE]
    caller = await service.caller(request)
    permit = await _permit(request)
    facts = await service.run(service.desk.approve, permit, caller, _now())
    _LOG.info("approved permit=%s caller=%s", facts["permit"], caller.name)
    return web.json_response(facts)


async def _consider(request: web.Request) -> web.StreamResponse:
    service = request.app[_SERVICE]
    caller = await service.caller(request)
    permit = await _permit(request)
    return web.json_response(await service.run(service.desk.consider, permit, caller))


async def _permit(request: web.Request) -> Psbt | OutPoint:
    """Read the permit that an officer means: its id as JSON, or its PSBT."""
    if request.content_type == "application/json":
        return _permit_id(await _body(request))
    return await _psbt(request)


async def _psbt(request: web.Request) -> Psbt:
    service = request.app[_SERVICE]
    # A large file takes a moment to read: not in the thread that answers everybody.
    return await service.run(service.read_psbt, await _body(request))


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure into a reason and a line, and put the same headers on every answer."""
    headers = dict(_HEADERS)
    try:
        response = await handler(request)
    except (CosignerError, WalletError) as error:
        if isinstance(error, TooOften):
            headers["Retry-After"] = str(error.seconds)
        status = _STATUS.get(error.refusal, _FORBIDDEN)
        response = _refusal(str(error.refusal), error.detail, status)
        _LOG.info("refused path=%s reason=%s", request.path, error.refusal)
    except (NodeError, RpcError) as error:
        _LOG.warning("node failed path=%s reason=%s", request.path, error)
        detail = "the node of the co-signer cannot be asked; try again later"
        response = _refusal(Refusal.NODE_UNAVAILABLE, detail, 503)
    except web.HTTPRequestEntityTooLarge:
        limit = request.app[_SERVICE].desk.policy.largest_body
        response = _refusal(Refusal.TOO_LARGE, f"more than {limit} bytes; split the batch", 413)
    except web.HTTPException as error:
        response = _refusal(Refusal.BAD_REQUEST, f"{error.reason}".lower(), error.status)
    except Exception:
        # The caller gets a sentence, the log gets the traceback; no key is in either.
        _LOG.exception("request failed path=%s", request.path)
        response = _refusal(Refusal.INTERNAL, "the co-signer failed; nothing was signed", 500)
    response.headers.update(headers)
    # One request a connection: what waits in between has no time limit of its own.
    response.force_close()
    return response


async def _body(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await request.read()
    except TimeoutError as error:
        raise CosignerError(Refusal.BAD_REQUEST, "the request came too slowly") from error


def _permit_id(body: bytes) -> OutPoint:
    with suppress(DecodeError, KeyError, TypeError, AttributeError):
        return parse_outpoint(decode_json(body)["permit"])
    raise CosignerError(Refusal.BAD_REQUEST, 'the body is not {"permit": "txid:vout"}')


def _status_facts(desk: CosignerDesk, caller: Caller) -> dict[str, Any]:
    wallet = desk.live.wallet
    tip = wallet.store.tip()
    return {
        "network": wallet.network.chain,
        "anchor_id": wallet.require_anchor().anchor_id.hex(),
        "height": None if tip is None else tip[0],
        "caller": caller.name,
        "role": str(caller.role),
        "log": receipt_facts(desk.books.ledger.log_head()),
    }


def _fingerprint(request: web.Request) -> bytes | None:
    """Return SHA-256 of the client's certificate, which TLS has verified, or None."""
    tls = None if request.transport is None else request.transport.get_extra_info("ssl_object")
    certificate = None if tls is None else tls.getpeercert(binary_form=True)
    return None if certificate is None else sha256(certificate)


def _refusal(reason: str, detail: str, status: int) -> web.Response:
    return web.json_response({"error": str(reason), "detail": detail}, status=status)


def _now() -> int:
    return int(time.time())
