"""STATUS and SIDE: chains of messages, each spending the baton of the one before.

The baton is the first output behind the message, a plain coin. Whoever holds it continues the
chain, and nobody can tell a second story: a name begins once for each speaker.
"""

from dataclasses import replace

from ccxx_cert.authority import check_moves_no_credit, speaker_of
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.marks import MessageChain, WatchedCoin, chain_id
from ccxx_cert.records import Op, SideMessage, StatusMessage
from ccxx_cert.spend import Outcome, Spend
from ccxx_cert.standing import Authority
from ccxx_cert.state import RegistryView, chain_key
from ccxx_core.transaction import TxOutput


def publish_status(message: StatusMessage, spend: Spend, view: RegistryView) -> Outcome:
    """Begin or continue a status list; whoever may speak at all may begin one of its own."""
    check_moves_no_credit(spend)
    chain = _continued(Op.STATUS, message.list_id, spend, view)
    if chain is None:
        chain = _begun(Op.STATUS, message.list_id, spend, view, tuple(Authority))
    elif message.seq != chain.number + 1:
        raise CertificateError(
            Refusal.WRONG_SEQUENCE, f"sequence {message.seq}, need {chain.number + 1}"
        )
    return _passed_on(replace(chain, number=message.seq, digest=message.list_hash), spend)


def anchor_side_chain(message: SideMessage, spend: Spend, view: RegistryView) -> Outcome:
    """Begin or continue the anchoring of a side chain; only the root begins one."""
    check_moves_no_credit(spend)
    chain = _continued(Op.SIDE, message.chain_id, spend, view)
    if chain is None:
        root = (Authority.ROOT, Authority.ROOT_CREDIT)
        chain = _begun(Op.SIDE, message.chain_id, spend, view, root)
    elif message.side_height <= chain.number:
        raise CertificateError(
            Refusal.WRONG_SEQUENCE, f"height {message.side_height} after {chain.number}"
        )
    return _passed_on(
        replace(chain, number=message.side_height, digest=message.side_block_hash), spend
    )


def broken_chains(spend: Spend, view: RegistryView) -> tuple[MessageChain, ...]:
    """Return the chains whose baton a transaction spends and does not pass on."""
    broken = []
    for coin in spend.watched:
        chain = view.get(chain_key(coin.chain)) if coin.chain is not None else None
        if isinstance(chain, MessageChain) and chain.baton == coin.outpoint:
            broken.append(replace(chain, baton=None))
    return tuple(broken)


def _continued(op: Op, name: bytes, spend: Spend, view: RegistryView) -> MessageChain | None:
    for coin in spend.watched:
        chain = view.get(chain_key(coin.chain)) if coin.chain is not None else None
        if isinstance(chain, MessageChain) and (chain.op, chain.name) == (op, name):
            return chain
    return None


def _begun(
    op: Op, name: bytes, spend: Spend, view: RegistryView, allowed: tuple[Authority, ...]
) -> MessageChain:
    speaker = speaker_of(spend, view, allowed)
    if speaker.by is None or view.get(chain_key(chain_id(op, name, speaker.speaker))) is not None:
        raise CertificateError(Refusal.CHAIN_BEGAN_BEFORE, f"{op.name} {name.hex()}")
    return MessageChain(
        op, name, speaker.by, speaker.speaker, 0, b"", spend.tx.txid, spend.moment, None
    )


def _passed_on(chain: MessageChain, spend: Spend) -> Outcome:
    vout, output = _baton_output(spend)
    baton = spend.outpoint(vout)
    chain = replace(chain, latest=spend.tx.txid, moment=spend.moment, baton=baton)
    return Outcome((chain, WatchedCoin(baton, output.script_pubkey, chain.id)))


def _baton_output(spend: Spend) -> tuple[int, TxOutput]:
    for vout, output in spend.plain_outputs[:1]:
        if output.value > 0:
            return vout, output
    raise CertificateError(Refusal.NO_BATON, "no coin behind the message")
