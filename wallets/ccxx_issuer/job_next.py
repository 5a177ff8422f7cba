"""What is to be done next with a job: one line, with the exact command."""

import shlex

from ccxx_issuer.job_state import Standing, State, count_states
from ccxx_wallet.cosigner_client import CosignerClient

_RESUME = ("ccxx-issuer", "certificate", "batch", "resume")


def next_step(standing: Standing, cosigner: CosignerClient | None) -> str:
    """Say what brings a job on from where it is."""
    job = standing.job
    states = count_states(standing.lines())
    resume = (*_RESUME, job.id)
    if any(map(standing.fault_of, standing.pieces.values())):
        return f"coins of drafts are gone; draft those anew: {_quoted(*resume, '--replace-draft')}"
    if states.get(State.DRAFTED):
        return _to_be_signed(standing, cosigner, bool(states.get(State.SIGNED)))
    if states.get(State.SIGNED):
        return f"send what is signed: {_quoted(*resume)}"
    if states.get(State.PLANNED):
        return f"draft the rest once a block holds what was sent: {_quoted(*resume)}"
    if states.get(State.FAILED):
        return f"others used serials of it; {job.report} says for whom to issue again"
    if states.get(State.SENT):
        listing = _quoted("ccxx-issuer", "certificate", "batch", "list")
        return f"all is sent; see which are in a block: {listing}"
    return "nothing: a block holds all of it"


def _to_be_signed(standing: Standing, cosigner: CosignerClient | None, is_ahead: bool) -> str:
    """Say who signs: a co-signer once parents are sent, without one each by file."""
    resume = (*_RESUME, standing.job.id)
    if cosigner is None:
        sign = _quoted("ccxx-root", "sign", standing.job.terms.out)
        return f"have the root sign, for instance with {sign}; then: {_quoted(*resume)}"
    asking = _quoted(*resume, *cosigner.options)
    if not is_ahead:
        return f"ask the co-signer again: {asking}"
    return (
        "send what is signed, which the rest spends: the co-signer signs that only then, as too"
        f" much hangs together: {asking}"
    )


def _quoted(*words: str) -> str:
    return shlex.join(words)
