"""What was worked out about a PSBT, so that nothing is opened, hashed or verified twice.

It belongs to one transaction and to what is known of the outputs that its inputs spend. A PSBT that
differs in either starts without a memory; one that only gained signatures keeps it.
"""

from dataclasses import dataclass, field

from ccxx_core.sighash import SIGHASH_ALL
from ccxx_core.spending import Lock
from ccxx_core.transaction import Transaction


@dataclass(slots=True)
class Memory:
    """Opened outputs, digests (32 bytes) and signatures by input.

    ``good`` holds (input, public key, signature with hash type) of those known to fit.
    """

    locks: dict[int, Lock] = field(default_factory=dict)
    digests: dict[int, bytes] = field(default_factory=dict)
    signatures: dict[int, dict[bytes, bytes]] = field(default_factory=dict)
    good: set[tuple[int, bytes, bytes]] = field(default_factory=set)

    def copy(self) -> "Memory":
        """Give the memory of a PSBT that will have more signatures."""
        return Memory(self.locks.copy(), self.digests.copy(), {}, self.good.copy())

    def digest(self, tx: Transaction, index: int, lock: Lock) -> bytes:
        """Give what the signatures of an input sign."""
        found = self.digests.get(index)
        if found is None:
            found = self.digests[index] = lock.digest(tx, index, SIGHASH_ALL)
        return found
