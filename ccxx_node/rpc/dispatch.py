"""From the body of a request to the body of its answer: single calls, batches, faults, bounds."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from contextlib import nullcontext
from inspect import iscoroutine
from typing import Any, Protocol

from ccxx_core.errors import CcxxError
from ccxx_node.chainstate.errors import CorruptionError
from ccxx_node.rpc.errors import Code, RpcFault
from ccxx_node.rpc.permissions import Permissions
from ccxx_node.rpc.registry import Method, Registry
from ccxx_node.rpc.room import Room, TooBusy, Waiting, ends_with
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.wire import Json, decode, encode, parse_call, reply

_log = logging.getLogger("ccxx.rpc")

# Answers of a batch are kept until all are there: an electrum server asks for ten blocks at once.
MAX_BATCH_ANSWER = 128_000_000
_OK = 200
_STATUS = {Code.INVALID_REQUEST: 400, Code.METHOD_NOT_FOUND: 404}


class Forbidden(CcxxError):
    """The caller's name is known, and may not call the method that the text names."""


class Caller(Waiting, Protocol):
    """All that is asked of whoever calls."""

    user: str | None


class Dispatcher:
    """Answers calls, no more at the same time than it has room for."""

    def __init__(
        self, registry: Registry, node: NodeServices, permissions: Permissions, room: int
    ) -> None:
        """`room` is how many calls and batches may be under way that take more than a moment."""
        self._registry = registry
        self._node = node
        self._permissions = permissions
        self._room = Room(room)

    async def answer(self, body: bytes, caller: Caller) -> tuple[int, bytes]:
        """Return HTTP status and JSON; raises `Forbidden` or `TooBusy` for what has no JSON."""
        try:
            request = decode(body)
        except RpcFault as fault:
            return _refusal(fault, None)
        if isinstance(request, list):
            return 200, await self._answer_batch(request, caller)
        if not isinstance(request, dict):
            return _refusal(RpcFault(Code.PARSE_ERROR, "Top-level object parse error"), None)
        self._check_permission(request, caller)
        return await self._answer_one(request, caller, is_in_batch=False)

    async def _answer_batch(self, requests: Sequence[Json], caller: Caller) -> bytes:
        for request in requests:
            self._check_permission(request, caller)
        answers: list[bytes] = []
        size = 0
        with self._room:
            for request in requests:
                if size > MAX_BATCH_ANSWER:
                    fault = RpcFault(Code.OUT_OF_MEMORY, "the batch has too long an answer")
                    answers.append(_refusal(fault, _id_of(request))[1])
                else:
                    answer = await self._answer_one(request, caller, is_in_batch=True)
                    answers.append(answer[1])
                size += len(answers[-1])
                # Other callers have their turn between the calls of a long batch.
                with ends_with(caller):
                    await asyncio.sleep(0)
        return b"[" + b",".join(answers) + b"]"

    async def _answer_one(
        self, request: Json, caller: Caller, *, is_in_batch: bool
    ) -> tuple[int, bytes]:
        started, name = time.perf_counter(), "unknown"
        request_id = _id_of(request)
        try:
            text, params = parse_call(request)
            method = self._registry.find(self._node, text)
            name = method.name
            result = method.handler(self._node, *method.arrange(params))
            if iscoroutine(result):
                result = await self._finish(method, result, caller, is_in_batch)
            status, content = _OK, encode(reply(result, None, request_id))
        except TooBusy:
            raise
        except Exception as error:
            status, content = _refusal(self._fault_of(error), request_id)
        seconds, failed = time.perf_counter() - started, status != _OK
        self._node.calls.add(name, seconds, failed=failed)
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug(
                "call answered method=%s user=%s ms=%.1f failed=%d",
                name,
                caller.user,
                seconds * 1000,
                failed,
            )
        return status, content

    def _fault_of(self, error: Exception) -> RpcFault:
        match error:
            case RpcFault():
                return error
            case CorruptionError():
                # Nothing that is built on it could be trusted.
                self._node.fail(error)
                return RpcFault(Code.DATABASE_ERROR, str(error))
            case CcxxError():
                return RpcFault(Code.MISC_ERROR, str(error))
            case _:
                # Our bug: tell the caller and the log, and keep serving the others.
                _log.error("rpc failed", exc_info=error)
                return RpcFault(Code.INTERNAL_ERROR, "internal error, see debug.log")

    async def _finish(
        self, method: Method, work: Coroutine[Any, Any, Json], caller: Caller, is_in_batch: bool
    ) -> Json:
        # A batch has one place for all of its calls.
        place = nullcontext() if is_in_batch else self._room
        bond = nullcontext() if method.outlives_caller else ends_with(caller)
        try:
            with place, bond:
                return await work
        finally:
            # Without a place it has never begun.
            work.close()

    def _check_permission(self, request: Json, caller: Caller) -> None:
        given = request.get("method") if isinstance(request, dict) else None
        name = given if isinstance(given, str) else ""
        if not self._permissions.allow(caller.user or "", name):
            # Only names of ours: the line is for the log, and theirs may be anything.
            raise Forbidden(name if name in self._registry.methods else "unknown")


def _id_of(request: Json) -> Json:
    return request.get("id") if isinstance(request, dict) else None


def _refusal(fault: RpcFault, request_id: Json) -> tuple[int, bytes]:
    return _STATUS.get(fault.code, 500), encode(reply(None, fault, request_id))
