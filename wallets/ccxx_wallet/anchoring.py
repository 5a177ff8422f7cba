"""The wallet's trust anchor beside its chain: completed by its block, and by later roots.

A registry judged without the document of a later root does not know that root's keys. Once the
anchor has the document, blocks from that ROOT on are judged anew.
"""

from dataclasses import replace

from ccxx_cert.canonical import decode_json, encode_canonical
from ccxx_cert.recognize import read_message
from ccxx_cert.records import RootMessage
from ccxx_cert.state import get_root
from ccxx_cert.trust import RootDocument, TrustAnchor
from ccxx_core.block import Block
from ccxx_core.hashes import format_hash
from ccxx_core.transaction import Transaction, TxOutput
from ccxx_node.client.rpc import NodeClient
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.registration import mined_anchor
from ccxx_wallet.registry_store import StoredRegistry
from ccxx_wallet.scanner import Scanner
from ccxx_wallet.store import Store, StoredDocument
from ccxx_wallet.wallet import Wallet

# The facts that say for which anchor and block the root coin was found, which anchor judged, and
# which document of ours waits for its ROOT.
_FOUND, _JUDGED, _WAITING = "anchor_found", "anchor_judged", "root_document"


def settle_anchor(wallet: Wallet) -> bool:
    """Complete the anchor as far as this wallet can; tell whether blocks must be read again."""
    if _follow_own_root_coin(wallet):
        return True
    _learn_own_document(wallet)
    return _judge_anew(wallet)


def check_anchor(wallet: Wallet, client: NodeClient) -> None:
    """Look for the root coin in its block, once; raises WalletError WRONG_ANCHOR."""
    anchor, store = wallet.anchor, wallet.store
    block_hash = None if anchor is None else store.hash_at(anchor.root_height)
    if anchor is None or block_hash is None:
        return
    mark = f"{anchor.anchor_id.hex()} in {format_hash(block_hash)}"
    if store.fact(_FOUND) == mark:
        return
    if not holds_root_coin(client.block(block_hash), anchor):
        raise WalletError(
            Refusal.WRONG_ANCHOR,
            f"block {anchor.root_height} has no such root coin; the trust anchor is not for"
            " this chain or was altered, so ask the root organisation for its file again",
        )
    with store.transaction():
        store.set_fact(_FOUND, mark)


def holds_root_coin(block: Block, anchor: TrustAnchor) -> bool:
    """Tell whether a block makes the root coin, of the anchor's value and script."""
    wanted = TxOutput(anchor.root_value, anchor.root_script)
    txid, vout = anchor.root_outpoint
    return any(
        tx.txid == txid and tx.outputs[vout : vout + 1] == (wanted,) for tx in block.transactions
    )


def kept_document(store: Store, document_hash: bytes) -> RootDocument | None:
    """Return a root document that this wallet keeps."""
    kept = store.document(document_hash)
    return None if kept is None else RootDocument.from_facts(decode_json(kept.body))


def keep_document(store: Store, document: RootDocument) -> None:
    """Keep the document of a root that this wallet is about to announce."""
    digest = document.document_hash
    name = f"root-{digest.hex()[:8]}.json"
    body = encode_canonical(document.facts())
    with store.transaction():
        store.add_document(StoredDocument(digest, name, "application/json", body))
        store.set_fact(_WAITING, digest.hex())


def waits_for_root(wallet: Wallet) -> bool:
    """Tell whether the anchor is still to be completed by a root that this wallet announced."""
    waiting = wallet.store.fact(_WAITING)
    known = () if wallet.anchor is None else wallet.anchor.successors
    return waiting is not None and waiting not in {each.document_hash.hex() for each in known}


def reviewing_anchor(wallet: Wallet, tx: Transaction) -> TrustAnchor | None:
    """Return the anchor by which a transaction is judged: with the document of a ROOT, if kept."""
    anchor, reading = wallet.anchor, read_message(tx)
    message = None if reading is None else reading.message
    if anchor is None or not isinstance(message, RootMessage):
        return anchor
    document = kept_document(wallet.store, message.doc_hash)
    return anchor if document is None else anchor.extended(document)


def merged(known: TrustAnchor, given: TrustAnchor) -> TrustAnchor:
    """Return the known anchor with the later roots of another; raises WalletError WRONG_ANCHOR."""
    if replace(given, successors=()) != replace(known, successors=()):
        raise WalletError(
            Refusal.WRONG_ANCHOR,
            "the file is about another root coin or other keys; a wallet never changes its root,"
            " so ask the root organisation whether the file is right",
        )
    for document in given.successors:
        known = known.extended(document)
    return known


def check_announced(wallet: Wallet, client: NodeClient, document: RootDocument) -> None:
    """Look for the ROOT message that names a document; raises WalletError WRONG_ANCHOR.

    The message spends root credit, so nobody but the root can have announced it.
    """
    root = get_root(StoredRegistry(wallet.store))
    heights = [] if root is None else [each.from_height for each in root.terms if not each.root_key]
    for height in heights:
        block_hash = wallet.store.hash_at(height)
        if block_hash is None:
            continue
        for tx in client.block(block_hash).transactions:
            reading = read_message(tx)
            message = None if reading is None else reading.message
            if (
                isinstance(message, RootMessage)
                and message.doc_hash == document.document_hash
                and tx.outputs[0].script_pubkey == document.script
            ):
                return
    raise WalletError(
        Refusal.WRONG_ANCHOR,
        f"no ROOT message on the chain names the document {document.document_hash.hex()}; wait for"
        " its block, or ask the root organisation for its file again",
    )


def _follow_own_root_coin(wallet: Wallet) -> bool:
    """Complete the anchor of a root coin of ours in the block that holds it now."""
    known, anchor = wallet.anchor, mined_anchor(wallet)
    if anchor is None:
        return False
    if known is not None:
        anchor = replace(anchor, successors=known.successors)
    if anchor == known:
        return False
    heights = [each.root_height for each in (known, anchor) if each is not None]
    wallet.set_anchor(anchor)
    # Blocks since the root coin were read without this registry.
    _scanner(wallet).rewind(min(heights) - 1)
    return True


def _learn_own_document(wallet: Wallet) -> None:
    """Add the document of a mined ROOT to the anchor if this wallet keeps it."""
    root = get_root(StoredRegistry(wallet.store))
    if wallet.anchor is None or root is None or root.doc_hash is None:
        return
    document = kept_document(wallet.store, root.doc_hash)
    if document is not None and document not in wallet.anchor.successors:
        wallet.set_anchor(wallet.anchor.extended(document))


def _judge_anew(wallet: Wallet) -> bool:
    """Take off the blocks since the first ROOT that was judged without its document."""
    anchor, store = wallet.anchor, wallet.store
    if anchor is None or store.fact(_JUDGED) == anchor.anchor_id.hex():
        return False
    root = get_root(StoredRegistry(store))
    unknown = [] if root is None else [each.from_height for each in root.terms if not each.root_key]
    # One database transaction: after a crash the blocks are off, or it is still to be done.
    with store.transaction():
        if unknown:
            _scanner(wallet).rewind(min(unknown) - 1)
        store.set_fact(_JUDGED, anchor.anchor_id.hex())
    return bool(unknown)


def _scanner(wallet: Wallet) -> Scanner:
    return Scanner(wallet.store, wallet.watched, wallet.anchor)
