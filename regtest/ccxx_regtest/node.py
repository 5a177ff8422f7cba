"""One node of the local network: ccxx-node, or another daemon of the family in its place."""

import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from ccxx_core.network import REGTEST
from ccxx_node.client.rpc import NodeClient, NodeError, connect
from ccxx_regtest.processes import Process, free_ports, program

# What Counos X Core and its relatives need to be quick and alone; ccxx-node is both.
_FOREIGN_OPTIONS = ("-checkblockindex=0", "-dnsseed=0")


class RegtestNode:
    """A running node on free ports of this machine, alone unless it listens for peers."""

    def __init__(
        self,
        datadir: Path,
        log: Path,
        options: Sequence[str] = (),
        daemon: Path | None = None,
        *,
        listens: bool = False,
    ) -> None:
        """Start it, or another `daemon` that takes the same options, and wait until it answers."""
        datadir.mkdir(parents=True, exist_ok=True)
        self.port, peer_port = free_ports(2)
        self.address = f"127.0.0.1:{self.port}"
        self.peer_address = f"127.0.0.1:{peer_port}"
        self.datadir = datadir.absolute()
        self._name = "ccxx-node" if daemon is None else daemon.name
        self._log = log
        self._command = [
            program("ccxx-node") if daemon is None else str(daemon),
            "-regtest",
            f"-datadir={self.datadir}",
            f"-rpcport={self.port}",
            *((f"-port={peer_port}", "-bind=127.0.0.1") if listens else ("-listen=0",)),
            *(() if daemon is None else _FOREIGN_OPTIONS),
            *options,
        ]
        self.client: NodeClient = connect(self.address, REGTEST, self.datadir)
        self._start()

    def __enter__(self) -> "RegtestNode":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def settings(self) -> dict[str, str]:
        """The environment in which wallets and explorer find this node and its cookie."""
        return {
            "CCXX_NETWORK": REGTEST.chain,
            "CCXX_NODE": self.address,
            "CCXX_DATADIR": str(self.datadir),
        }

    def command(self, *words: str) -> str:
        """Give the line by which a person asks this node from any shell."""
        name = "ccxx-cli"
        options = ("-regtest", f"-datadir={self.datadir}", f"-rpcport={self.port}")
        # Whoever runs us by our path has not put the others on the shell's.
        return shlex.join([name if shutil.which(name) else program(name), *options, *words])

    def mine(self, blocks: int, address: str) -> None:
        """Mine blocks that reward an address."""
        self.client.call("generatetoaddress", blocks, address)

    def connect_to(self, other: "RegtestNode") -> None:
        """Connect to another node that listens, and return once both have introduced themselves."""
        self.client.call("addnode", other.peer_address, "onetry")
        self.process.wait_until(lambda: other.peer_address in self._peer_addresses())

    def part_from_all(self) -> None:
        """End all connections, and let none begin until `meet_again`."""
        self.client.call("setnetworkactive", False)
        self.process.wait_until(lambda: self.client.call("getconnectioncount") == 0)

    def meet_again(self) -> None:
        """Let connections begin again."""
        self.client.call("setnetworkactive", True)

    def crash(self) -> None:
        """End it as a power cut would, and start it again on what is left."""
        self.process.kill()
        self._start()

    def stop(self) -> None:
        """Stop it cleanly."""
        self.client.close()
        self.process.stop()

    def _start(self) -> None:
        self.process = Process(self._name, self._command, self._log, {})
        try:
            self.process.wait_until(self._answers)
        except BaseException:
            self.stop()
            raise

    def _peer_addresses(self) -> set[str]:
        peers = self.client.call("getpeerinfo")
        return {peer["addr"] for peer in peers if peer["version"]}

    def _answers(self) -> bool:
        try:
            self.client.block_count()
        except NodeError:
            self.client.close()
            return False
        return True
