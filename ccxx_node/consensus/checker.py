"""What scripts ask about the transaction, answered at once."""

from collections.abc import Sequence

from ccxx_core.keys import verify_signature
from ccxx_core.sighash import legacy_sighash, segwit_sighash
from ccxx_core.transaction import SEQUENCE_FINAL, Transaction

# Lock times below are heights, from here on unix seconds.
LOCKTIME_THRESHOLD = 500_000_000
SEQUENCE_DISABLED = 1 << 31
SEQUENCE_IS_TIME = 1 << 22
SEQUENCE_MASK = 0xFFFF


class TransactionChecker:
    """Answers for one input of a transaction that spends ``value`` satoshis with it."""

    __slots__ = ("_digests", "_index", "_tx", "_value")

    defers = False

    def __init__(self, tx: Transaction, index: int, value: int) -> None:
        self._tx = tx
        self._index = index
        self._value = value
        self._digests: dict[tuple[bytes, int, bool], bytes] = {}

    def digest(self, script_code: bytes, hash_type: int, is_witness: bool) -> bytes:
        """Give what a signature signs (32 bytes); the same question is hashed once."""
        question = (script_code, hash_type, is_witness)
        known = self._digests.get(question)
        if known is not None:
            return known
        if is_witness:
            known = segwit_sighash(self._tx, self._index, script_code, self._value, hash_type)
        else:
            known = legacy_sighash(self._tx, self._index, script_code, hash_type)
        self._digests[question] = known
        return known

    def check_signature(
        self, signature: bytes, public_key: bytes, script_code: bytes, is_witness: bool
    ) -> bool:
        """Verify the signature now; an empty one is false."""
        if not signature:
            return False
        digest = self.digest(script_code, signature[-1], is_witness)
        return verify_signature(public_key, signature[:-1], digest)

    def defer_multisig(
        self,
        signatures: Sequence[bytes],
        public_keys: Sequence[bytes],
        script_code: bytes,
        is_witness: bool,
    ) -> bool:
        """Never asked: this checker does not defer."""
        raise NotImplementedError

    def check_locktime(self, locktime: int) -> bool:
        """Compare with the transaction's lock time, of the same kind, which must be in force."""
        tx = self._tx
        if (tx.locktime < LOCKTIME_THRESHOLD) != (locktime < LOCKTIME_THRESHOLD):
            return False
        return locktime <= tx.locktime and tx.inputs[self._index].sequence != SEQUENCE_FINAL

    def check_sequence(self, sequence: int) -> bool:
        """Compare with the input's relative lock (BIP 68), of the same kind."""
        actual = self._tx.inputs[self._index].sequence
        # The version is compared unsigned: a negative one is large.
        if self._tx.version & 0xFFFFFFFF < 2 or actual & SEQUENCE_DISABLED:
            return False
        if (actual ^ sequence) & SEQUENCE_IS_TIME:
            return False
        return sequence & SEQUENCE_MASK <= actual & SEQUENCE_MASK
