"""Whether the node can be relied on now, and if not, why: for people, supervisors and balancers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ccxx_node.rpc.wire import Json

# Blocks come every few minutes: so many spacings without one happen once in a human life.
_STALE_SPACINGS = 24
# Headers come before their blocks: so many may be on the way.
_BLOCKS_ON_THE_WAY = 6
# Below this a flush of the chain, the log and the pool may fail.
LEAST_DISK_BYTES = 500_000_000


class Reason(StrEnum):
    """Why the node is not ready."""

    STARTING = "starting"
    STOPPING = "stopping"
    IMPORTING = "importing"
    INITIAL_DOWNLOAD = "initial-download"
    BEHIND = "behind"
    STALE_TIP = "stale-tip"
    NO_PEERS = "no-peers"
    DISK_LOW = "disk-low"


@dataclass(frozen=True, slots=True)
class HealthFacts:
    """What readiness is judged by; times are seconds, sizes bytes.

    `headers` is what `getblockchaininfo` says, `announced` the height of the header with the most
    work, refused or not; `peers` is None where the node is told to have none.
    """

    is_starting: bool = False
    is_stopping: bool = False
    is_importing: bool = False
    is_initial_download: bool = False
    height: int = 0
    headers: int = 0
    announced: int = 0
    tip_age: int = 0
    spacing: int = 150
    peers: int | None = None
    disk_free: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def reasons(self) -> list[Reason]:
        """All that is in the way, the most fundamental first; nothing if the node is ready."""
        if self.is_starting:
            return [Reason.STARTING]
        download = self.is_initial_download
        found = (
            (Reason.STOPPING, self.is_stopping),
            (Reason.IMPORTING, self.is_importing),
            (Reason.INITIAL_DOWNLOAD, download),
            (Reason.BEHIND, not download and self.announced - self.height > _BLOCKS_ON_THE_WAY),
            (Reason.STALE_TIP, not download and self.tip_age > _STALE_SPACINGS * self.spacing),
            (Reason.NO_PEERS, self.peers == 0),
            (Reason.DISK_LOW, self.disk_free < LEAST_DISK_BYTES),
        )
        return [reason for reason, holds in found if holds]

    @property
    def shape(self) -> dict[str, Json]:
        """The answer of `getnodehealth` and of `/health`."""
        reasons = self.reasons
        shape: dict[str, Json] = {
            "ready": not reasons,
            "reasons": [str(reason) for reason in reasons],
        }
        if not self.is_starting:
            shape |= {
                "blocks": self.height,
                "headers": self.headers,
                "tip_age": self.tip_age,
                "connections": self.peers or 0,
            }
        return shape | {"disk_free": self.disk_free, "warnings": list(self.warnings)}
