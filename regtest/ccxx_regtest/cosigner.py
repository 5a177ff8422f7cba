"""The co-signer service of the local network, and the tokens that the root hands out for it."""

from pathlib import Path

from ccxx_regtest.processes import Process, free_ports, program
from ccxx_regtest.wallet import Wallet


class RegtestCosigner:
    """A running service with R and S of one root's wallet, on a free port of this machine."""

    def __init__(self, root: Wallet, folder: Path, log: Path) -> None:
        """Start it with the default policy and wait until it listens; tokens go to a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self._root = root
        self._folder = folder
        port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{port}"
        self.process = Process(
            root.command,
            [program(root.command), "cosigner", "serve", "--port", str(port), "--no-input"],
            log,
            root.settings,
        )
        try:
            self.process.wait_until(lambda: "Co-signer: " in log.read_text())
        except BaseException:
            self.process.stop()
            raise

    def token(self, name: str, role: str, *issuer_keys: str) -> tuple[str, ...]:
        """Make a token for somebody and give the options by which their commands use it."""
        file = self._folder / f"{name}.token"
        keys = [word for key in issuer_keys for word in ("--issuer-key", key)]
        self._root.run("cosigner", "token", "add", name, "--role", role, "--out", file, *keys)
        return ("--cosigner", self.url, "--token-file", str(file))

    def stop(self) -> None:
        """Stop it cleanly."""
        self.process.stop()
