"""Checking scripts of many inputs: record signatures, verify them in batches, doubt failures.

A script is run with a checker that writes down each signature and answers yes. If the script then
succeeds and every recorded signature is good, it would have succeeded with real answers too, step
for step. Anything else proves nothing, so that input is run again with real answers, and only that
verdict counts.
"""

from collections.abc import Container, Sequence
from typing import Protocol

from ccxx_core.hashes import Txid
from ccxx_core.keys import VerifySignature, make_verifier
from ccxx_core.script import is_key_shaped
from ccxx_core.transaction import Transaction
from ccxx_node.consensus import flags as f
from ccxx_node.consensus.checker import TransactionChecker
from ccxx_node.consensus.coins import Coin
from ccxx_node.consensus.errors import ConsensusError, Reject
from ccxx_node.consensus.interpreter import verify_script
from ccxx_node.consensus.script_failure import ScriptError

# Checks sent to a worker at once: 1 to 3 ms of work, so that the last ones end together.
BATCH_SIZE = 32

# (input number, signatures without hash type, public keys, digests): one of each for a CHECKSIG;
# m, n and m of them, in one order, for a CHECKMULTISIG. Plain lists and tuples: a block has
# thousands, and they travel between processes.
SignatureCheck = tuple[int, Sequence[bytes], Sequence[bytes], Sequence[bytes]]


class SignatureVerifier(Protocol):
    """Who verifies recorded signatures, here or in other processes."""

    def submit(self, checks: list[SignatureCheck]) -> None:
        """Take a batch."""

    def collect(self) -> list[int]:
        """Wait for all batches; give the input numbers with a false signature, in any order."""


class InlineVerifier:
    """Verifies where it is, when asked for the result."""

    def __init__(self) -> None:
        self._batches: list[list[SignatureCheck]] = []
        self._verify = make_verifier()

    def submit(self, checks: list[SignatureCheck]) -> None:
        """Keep the batch for later."""
        self._batches.append(checks)

    def collect(self) -> list[int]:
        """Verify everything that was submitted."""
        batches, self._batches = self._batches, []
        verify = self._verify
        return [number for batch in batches for number in failing_inputs(batch, verify)]


class RecordingChecker(TransactionChecker):
    """Says yes to every signature that could be one, and writes it down."""

    __slots__ = ("_checks", "_number")

    defers = True

    def __init__(
        self, tx: Transaction, index: int, value: int, number: int, checks: list[SignatureCheck]
    ) -> None:
        # Without the call of the other constructor: there are thousands in a block.
        self._tx = tx
        self._index = index
        self._value = value
        self._digests = {}
        self._number = number
        self._checks = checks

    def check_signature(
        self, signature: bytes, public_key: bytes, script_code: bytes, is_witness: bool
    ) -> bool:
        """Record one signature; what cannot be a signature or a key is false at once."""
        if not signature or not is_key_shaped(public_key):
            return False
        digest = self.digest(script_code, signature[-1], is_witness)
        self._checks.append((self._number, (signature[:-1],), (public_key,), (digest,)))
        return True

    def defer_multisig(
        self,
        signatures: Sequence[bytes],
        public_keys: Sequence[bytes],
        script_code: bytes,
        is_witness: bool,
    ) -> bool:
        """Record all signatures and keys as one check."""
        # An empty signature matches no key.
        if not all(signatures):
            return False
        bare = [signature[:-1] for signature in signatures]
        kind = signatures[0][-1]
        if all([signature[-1] == kind for signature in signatures]):
            digests = [self.digest(script_code, kind, is_witness)] * len(bare)
        else:
            kinds = [signature[-1] for signature in signatures]
            digests = [self.digest(script_code, kind, is_witness) for kind in kinds]
        self._checks.append((self._number, bare, public_keys, digests))
        return True


def failing_inputs(checks: Sequence[SignatureCheck], verify: VerifySignature) -> list[int]:
    """Verify recorded signatures; gives the numbers of the inputs that have a false one."""
    failing = []
    for number, signatures, keys, digests in checks:
        if len(signatures) == len(keys):
            holds = all(map(verify, keys, signatures, digests))
        else:
            holds = _matches(signatures, keys, digests, verify)
        if not holds:
            failing.append(number)
    return failing


def _matches(
    signatures: Sequence[bytes],
    keys: Sequence[bytes],
    digests: Sequence[bytes],
    verify: VerifySignature,
) -> bool:
    """Tell whether each signature has a key of its own, both in the same order."""
    matched = 0
    for tried, key in enumerate(keys):
        if len(signatures) - matched > len(keys) - tried:
            return False
        matched += verify(key, signatures[matched], digests[matched])
        if matched == len(signatures):
            return True
    return False


class ScriptChecks:
    """Checks the scripts of the transactions of one block, in order, with one set of flags."""

    def __init__(
        self, flags: int, verifier: SignatureVerifier, known: Container[tuple[Txid, int]] = ()
    ) -> None:
        """``known`` holds (id with witness, flags) of transactions whose scripts are valid."""
        self._known = known
        self._flags = flags
        self._verifier = verifier
        self._inputs: list[tuple[Transaction, int, Coin]] = []
        self._checks: list[SignatureCheck] = []

    def add(self, tx: Transaction, coins: Sequence[Coin]) -> None:
        """Run the scripts of all inputs; raises ConsensusError for one that fails for certain.

        Signatures are verified later: an input that was added before may still turn out false, so
        ``finish`` must be called also after an error, and what it raises comes first.
        """
        flags, inputs = self._flags, self._inputs
        if (tx.wtxid, flags) in self._known:
            return
        checks = self._checks
        for index, (_, script_sig, _, witness) in enumerate(tx.inputs):
            coin = coins[index]
            recorded = len(checks)
            checker = RecordingChecker(tx, index, coin[0], len(inputs), checks)
            try:
                verify_script(script_sig, coin[1], witness, flags, checker)
            except ScriptError:
                del checks[recorded:]
                check_input(tx, index, coin, flags)
            inputs.append((tx, index, coin))
        if len(checks) >= BATCH_SIZE:
            self._submit()

    def finish(self) -> None:
        """Verify what was recorded; raises ConsensusError for the first input that fails."""
        self._submit()
        for number in sorted(set(self._verifier.collect())):
            check_input(*self._inputs[number], self._flags)

    def _submit(self) -> None:
        if self._checks:
            self._verifier.submit(self._checks)
            self._checks = []


def check_input(tx: Transaction, index: int, coin: Coin, flags: int) -> None:
    """Run one input's scripts with real answers.

    Raises ConsensusError: mandatory, if the scripts fail under the oldest rules too.
    """
    failure = _run(tx, index, coin, flags)
    if failure is None:
        return
    old_rules = flags & ~f.STANDARD_NOT_MANDATORY
    is_new_rule = flags != old_rules and _run(tx, index, coin, old_rules) is None
    reject = Reject.NON_MANDATORY_SCRIPT if is_new_rule else Reject.MANDATORY_SCRIPT
    raise ConsensusError(reject, suffix=f" ({failure.failure.message})")


def check_scripts(tx: Transaction, coins: Sequence[Coin], flags: int) -> None:
    """Check all inputs of one transaction at once, as the memory pool needs it."""
    for index, coin in enumerate(coins):
        check_input(tx, index, coin, flags)


def _run(tx: Transaction, index: int, coin: Coin, flags: int) -> ScriptError | None:
    tx_input = tx.inputs[index]
    checker = TransactionChecker(tx, index, coin.value)
    try:
        verify_script(tx_input.script_sig, coin.script_pubkey, tx_input.witness, flags, checker)
    except ScriptError as error:
        return error
    return None
