"""The HTTP side of JSON-RPC: authorisation, status codes, batches, keep-alive."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from ccxx_core.errors import CcxxError
from ccxx_node.chainstate.errors import CorruptionError
from ccxx_node.rpc.auth import Authenticator
from ccxx_node.rpc.errors import Code, RpcFault
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.wire import Json, decode, encode, parse_call, reply

_log = logging.getLogger("ccxx.rpc")

Subnet = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_BODY = 32 * 1024 * 1024
# Slows down whoever guesses passwords.
_WRONG_PASSWORD_SECONDS = 0.25
_JSON = {"Content-Type": "application/json"}
_ASK_PASSWORD = {"WWW-Authenticate": 'Basic realm="jsonrpc"'}
_LOCAL = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
_STATUS = {Code.INVALID_REQUEST: 400, Code.METHOD_NOT_FOUND: 404}


@dataclass(frozen=True, slots=True)
class RpcSettings:
    """Where the server listens and whom it hears; `users` decides about passwords."""

    addresses: Sequence[tuple[str, int]]
    users: Authenticator
    allowed: Sequence[Subnet] = ()


class RpcServer:
    """Answers calls until it is closed."""

    def __init__(self, settings: RpcSettings, registry: Registry, node: NodeServices) -> None:
        self._settings = settings
        self._registry = registry
        self._node = node
        self._runner = web.ServerRunner(
            web.Server(self._handle, access_log=None), handle_signals=False, shutdown_timeout=2.0
        )

    async def open(self) -> None:
        """Start to listen; OSError if no address at all can be used."""
        await self._runner.setup()
        problem: OSError | None = None
        opened = 0
        for host, port in self._settings.addresses:
            try:
                await web.SockSite(self._runner, _listen(host, port)).start()
                opened += 1
            except OSError as error:
                problem = error
                _log.warning("rpc not bound host=%s port=%d reason=%s", host, port, error)
        if not opened:
            raise problem or OSError("no address to listen on")

    async def close(self) -> None:
        """Answer what is being answered, then stop to listen."""
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if not self._is_allowed(request.remote):
            return web.Response(status=403)
        if request.path != "/" and not request.path.startswith("/wallet/"):
            return web.Response(status=404)
        if request.method != "POST":
            return web.Response(status=405, text="JSONRPC server handles only POST requests")
        header = request.headers.get("Authorization")
        if not self._settings.users.accepts(header):
            if header is not None:
                _log.warning("rpc refused peer=%s reason=password", request.remote)
                await asyncio.sleep(_WRONG_PASSWORD_SECONDS)
            return web.Response(status=401, headers=_ASK_PASSWORD)
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await _read_body(request)
        if body is None:
            return web.Response(status=413)
        status, content = await self._answer(body)
        return web.Response(status=status, body=content + b"\n", headers=_JSON)

    def _is_allowed(self, remote: str | None) -> bool:
        if remote is None:
            return False
        address = ipaddress.ip_address(remote.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in subnet for subnet in (*_LOCAL, *self._settings.allowed))

    async def _answer(self, body: bytes) -> tuple[int, bytes]:
        try:
            request = decode(body)
        except RpcFault as fault:
            return 500, encode(reply(None, fault, None))
        if isinstance(request, list):
            answers = []
            for one in request:
                answers.append((await self._answer_one(one))[1])
                # Other callers have their turn between the calls of a long batch.
                await asyncio.sleep(0)
            return 200, b"[" + b",".join(answers) + b"]"
        if not isinstance(request, dict):
            return _failure(Code.PARSE_ERROR, "Top-level object parse error")
        return await self._answer_one(request)

    async def _answer_one(self, request: Json) -> tuple[int, bytes]:
        request_id = request.get("id") if isinstance(request, dict) else None
        try:
            method, params = parse_call(request)
            result = await self._registry.call(self._node, method, params)
            return 200, encode(reply(result, None, request_id))
        except RpcFault as fault:
            return _STATUS.get(fault.code, 500), encode(reply(None, fault, request_id))
        except CorruptionError as error:
            # Nothing that is built on it could be trusted.
            self._node.fail(error)
            return _failure(Code.DATABASE_ERROR, str(error), request_id)
        except CcxxError as error:
            return _failure(Code.MISC_ERROR, str(error), request_id)
        except Exception:
            # Our bug: tell the caller and the log, and keep serving the others.
            _log.exception("rpc failed")
            return _failure(Code.INTERNAL_ERROR, "internal error, see debug.log", request_id)


def _listen(host: str, port: int) -> socket.socket:
    is_ipv6 = ":" in host
    return socket.create_server(
        (host, port),
        family=socket.AF_INET6 if is_ipv6 else socket.AF_INET,
        backlog=128,
        # One socket for every address of this machine, as the reference has it.
        dualstack_ipv6=host == "::" and socket.has_dualstack_ipv6(),
    )


def _failure(code: Code, message: str, request_id: Json = None) -> tuple[int, bytes]:
    return 500, encode(reply(None, RpcFault(code, message), request_id))


async def _read_body(request: web.BaseRequest) -> bytes | None:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > MAX_BODY:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
