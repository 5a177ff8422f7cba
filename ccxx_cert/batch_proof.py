"""The proof that a document is a leaf of a batch: what the issuer gives with it as a file."""

from dataclasses import dataclass

from ccxx_cert.batch_tree import ProofStep, is_leaf, root_from_proof
from ccxx_cert.canonical import decode_json
from ccxx_cert.chainpoint import decode_digest, decode_path
from ccxx_core.errors import DecodeError

LONGEST_PROOF = 65_536  # bytes
_KEYS = {"leaf", "document_hash", "merkle_root", "proof"}
_LAST_LEAF = 0xFFFF


@dataclass(frozen=True, slots=True)
class BatchProof:
    """A path from a document's hash to the root in a BATCH message; a claim until checked."""

    leaf: int
    document_hash: bytes
    merkle_root: bytes
    path: tuple[ProofStep, ...]

    @property
    def leads_to_root(self) -> bool:
        """Whether the path leads from the document's hash to the root."""
        return root_from_proof(self.document_hash, self.path) == self.merkle_root

    def proves_leaf_of(self, count: int) -> bool:
        """Tell whether the document is the leaf it says, of a batch of `count`."""
        return is_leaf(self.document_hash, self.path, (self.leaf, count), self.merkle_root)


def decode_batch_proof(data: str | bytes) -> BatchProof:
    """Read a proof in any layout, with exactly its keys; raises DecodeError."""
    if len(data) > LONGEST_PROOF:
        raise DecodeError(f"proof of {len(data)} bytes, at most {LONGEST_PROOF}")
    fields = decode_json(data)
    if not isinstance(fields, dict) or fields.keys() != _KEYS:
        raise DecodeError(f"proof has not exactly the keys {', '.join(sorted(_KEYS))}")
    leaf = fields["leaf"]
    if not isinstance(leaf, int) or isinstance(leaf, bool) or not 0 <= leaf <= _LAST_LEAF:
        raise DecodeError(f"leaf is no whole number from 0 to {_LAST_LEAF}")
    return BatchProof(
        leaf=leaf,
        document_hash=decode_digest(fields["document_hash"], "document_hash"),
        merkle_root=decode_digest(fields["merkle_root"], "merkle_root"),
        path=decode_path(fields["proof"]),
    )
