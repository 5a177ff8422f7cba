"""Ledger and audit log side by side: one decision is one transaction in both.

The log's line is on disk before the ledger commits, and the ledger commits before anybody is
answered. So whatever a crash leaves, no signature is outside without both knowing it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ccxx_root.cosigner.audit import AuditLog, Head
from ccxx_root.cosigner.ledger import Ledger

LEDGER_FILE, LOG_FILE = "cosigner.sqlite", "cosigner.log"


class Books:
    """The memory of a co-signer, in its wallet's folder."""

    def __init__(self, folder: Path) -> None:
        """Open or create both and check the whole log; CosignerError LOG_DAMAGED."""
        self.ledger = Ledger(folder / LEDGER_FILE)
        self.log = AuditLog(folder / LOG_FILE)
        try:
            self.log.check(self.ledger.log_head())
        except BaseException:
            self.ledger.close()
            raise

    @contextmanager
    def decision(self) -> Iterator[None]:
        """Decide one thing: all that is written inside is kept together."""
        with self.ledger.transaction():
            yield

    def note(self, event: str, time: int, facts: dict[str, Any]) -> Head:
        """Write an event to the log, inside a decision; return the log's new end."""
        entry = {name: value for name, value in facts.items() if value not in (None, [], "")}
        head = self.log.append(self.ledger.log_head(), {"event": event, "time": time, **entry})
        self.ledger.set_log_head(head)
        return head

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()
