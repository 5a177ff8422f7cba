"""Worker processes that verify signatures: one a core, each behind a pipe, none with a state.

They compute and nothing else: a lost worker costs its batch a second calculation, never a verdict.
"""

import marshal
import signal
from collections import deque
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait

from ccxx_core.keys import make_verifier
from ccxx_node.consensus.sigcheck import SignatureCheck, failing_inputs

# Batches that a worker holds: one to work on and one to go on with at once.
_DEPTH = 2


class WorkerPool:
    """A verifier over ``cores`` processes; this one is one of them, and helps once it is idle.

    ``close`` ends the workers; they also end by themselves when this process does.
    """

    def __init__(self, cores: int) -> None:
        self._waiting: deque[list[SignatureCheck]] = deque()
        self._sent: dict[Connection, deque[list[SignatureCheck]]] = {}
        self._failing: list[int] = []
        self._verify = make_verifier()
        # Not fork: a forked worker would hold copies of the node's files, sockets and pipes.
        context = get_context("spawn")
        for _ in range(cores - 1):
            ours, theirs = context.Pipe()
            context.Process(target=_work, args=(theirs,), daemon=True).start()
            theirs.close()
            self._sent[ours] = deque()

    def submit(self, checks: list[SignatureCheck]) -> None:
        """Take a batch and hand it to a worker that is not busy."""
        self._waiting.append(checks)
        self._receive(timeout=0)
        self._send()

    def collect(self) -> list[int]:
        """Wait for all batches; give the input numbers with a false signature."""
        while self._waiting:
            self._receive(timeout=0)
            self._send()
            if self._waiting:
                self._failing += failing_inputs(self._waiting.popleft(), self._verify)
        while any(self._sent.values()):
            self._receive(timeout=None)
        failing, self._failing = self._failing, []
        return failing

    def close(self) -> None:
        """Hang up on the workers, which ends them."""
        for connection in self._sent:
            connection.close()
        self._sent.clear()

    def _send(self) -> None:
        for connection, batches in list(self._sent.items()):
            while self._waiting and len(batches) < _DEPTH:
                batch = self._waiting.popleft()
                batches.append(batch)
                try:
                    connection.send_bytes(marshal.dumps(batch))
                except OSError:
                    self._lose(connection)
                    break

    def _receive(self, timeout: float | None) -> None:
        busy = [connection for connection, batches in self._sent.items() if batches]
        for ready in wait(busy, timeout) if busy else ():
            if not isinstance(ready, Connection):
                continue
            try:
                self._failing += marshal.loads(ready.recv_bytes())
                self._sent[ready].popleft()
            except (OSError, EOFError):
                self._lose(ready)

    def _lose(self, connection: Connection) -> None:
        """Take back what a dead worker held: it is verified again, here or by another."""
        for batch in self._sent.pop(connection):
            self._failing += failing_inputs(batch, self._verify)
        connection.close()


def _work(connection: Connection) -> None:
    # Ctrl-C reaches the whole group of processes; the node alone decides when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    verify = make_verifier()
    while True:
        try:
            checks = marshal.loads(connection.recv_bytes())
            connection.send_bytes(marshal.dumps(failing_inputs(checks, verify)))
        except (OSError, EOFError):
            return
