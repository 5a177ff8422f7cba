"""PSBT files between signers: joining them, saying who still has to sign, finishing.

Pure. Files may be signed and joined in any order; the end result is the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ccxx_cert.trust import TrustAnchor
from ccxx_core import spending
from ccxx_core.errors import CcxxError, DecodeError
from ccxx_core.network import Network
from ccxx_core.psbt import Psbt, PsbtError
from ccxx_core.spending import SpendingError
from ccxx_core.transaction import Transaction
from ccxx_wallet.errors import Refusal, WalletError


@dataclass(frozen=True, slots=True)
class Signatures:
    """Who has signed a transaction and who has not, by public key or key hash."""

    present: tuple[bytes, ...]
    missing: tuple[bytes, ...]

    @property
    def are_complete(self) -> bool:
        """Whether the transaction can be finished."""
        return not self.missing


def read_psbt(data: bytes, name: str, network: Network, anchor: TrustAnchor | None) -> Psbt:
    """Read one file's PSBT for this network and trust anchor, as it is or before a later root.

    Raises WalletError BAD_FILE or WRONG_NETWORK, naming the file.
    """
    try:
        psbt = Psbt.decode(data)
    except DecodeError as error:
        raise WalletError(
            Refusal.BAD_FILE, f"{name} is no whole PSBT ({error}); ask its sender for it again"
        ) from error
    try:
        # A file that was drafted before the root moved is still about the same root coin.
        is_known = anchor is None or psbt.anchor_id in anchor.accepted_ids
        psbt.check_network(network, None if is_known or anchor is None else anchor.anchor_id)
    except PsbtError as error:
        raise WalletError(
            Refusal.WRONG_NETWORK,
            f"{name}: {error}; this wallet is for {network.chain}, and if the root has moved,"
            " `anchor update` comes first",
        ) from error
    return psbt


def combine(psbts: Sequence[Psbt]) -> Psbt:
    """Join the signatures of several files about one transaction.

    Raises WalletError DIFFERENT_TRANSACTIONS, or ALTERED if a signature does not fit.
    """
    try:
        combined = Psbt.combine(psbts)
    except SpendingError as error:
        raise WalletError(
            Refusal.DIFFERENT_TRANSACTIONS,
            f"{error}; one was altered or belongs to another draft, so use files of one draft",
        ) from error
    signatures_of(combined)
    return combined


def signatures_of(psbt: Psbt) -> Signatures:
    """Say who signed and who is missing, after verifying every signature there is.

    Raises WalletError ALTERED if one does not fit the transaction.
    """
    present: set[bytes] = set()
    missing: set[bytes] = set()
    try:
        for index, keys in enumerate(psbt.missing_signatures()):
            present.update(psbt.signatures(index))
            missing.update(keys)
    except SpendingError as error:
        raise WalletError(
            Refusal.ALTERED, f"{error}; do not use this file, start again from the draft"
        ) from error
    return Signatures(tuple(sorted(present)), tuple(sorted(missing)))


def count_missing(psbt: Psbt) -> int:
    """Tell how many signatures are missing: fewer than the keys that may still give them."""
    return sum(
        spending.count_missing(
            psbt.lock(index), psbt.transaction, index, frozenset(psbt.signatures(index))
        )
        for index in range(len(psbt.inputs))
    )


def finalize(psbt: Psbt, names: Mapping[bytes, str]) -> Transaction:
    """Give the signed transaction; `names` say in messages whose keys are whose.

    Raises WalletError INCOMPLETE with who must still sign.
    """
    signatures = signatures_of(psbt)
    if not signatures.are_complete:
        missing = ", ".join(sorted({name_of(key, names) for key in signatures.missing}))
        count = count_missing(psbt)
        noun = "signature is" if count == 1 else "signatures are"
        raise WalletError(
            Refusal.INCOMPLETE, f"{count} {noun} missing ({missing}); let them sign the file first"
        )
    try:
        return psbt.finalize()
    except CcxxError as error:
        raise WalletError(Refusal.INCOMPLETE, f"{error}; sign the file again") from error


def has_final_txid(psbt: Psbt) -> bool:
    """Tell whether signing leaves the id as it is: no input is a legacy one (BIP 141)."""
    return all(described.non_witness_utxo is None for described in psbt.inputs)


def shown_scripts(psbt: Psbt) -> Transaction:
    """Return an unsigned transaction whose witnesses show the scripts and nothing else.

    Its id is that of the signed one, and an observer reads in it what the signed one will do.
    """
    tx = psbt.transaction
    shown = (
        tx_input._replace(witness=(described.witness_script,) if described.witness_script else ())
        for tx_input, described in zip(tx.inputs, psbt.inputs, strict=True)
    )
    return tx.with_unlocked(tuple(shown))


def name_of(key: bytes, names: Mapping[bytes, str]) -> str:
    """Name a key by its role, or show it."""
    return names.get(key, f"the key {key.hex()}")
