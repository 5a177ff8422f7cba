"""Why a node does not take a transaction, in words that help. Pure."""

from __future__ import annotations

import re

from ccxx_explorer.language import N_, say

# By what the node's reason contains; the first that fits. The words are those of the whole family.
_WORDS = (
    ("already in block chain", N_("A block has it already. There is nothing left to send.")),
    ("txn-already", N_("The node has it already. Wait for a block.")),
    ("missing", N_("A coin that it spends does not exist, or was spent meanwhile. If it builds on"
                   " another transaction, send that one first.")),
    ("txn-mempool-conflict", N_("Another transaction that waits spends one of its coins, and this"
                                " one does not replace it.")),
    ("insufficient", N_("It would replace another one, but pays too little more for that.")),
    ("replacement-adds-unconfirmed", N_("It would replace another one, but brings coins that are"
                                        " in no block yet.")),
    ("too many potential replacements", N_("It would replace too many others.")),
    ("bad-txns-spends-conflicting-tx", N_("It spends a coin of one that it would replace.")),
    ("fee not met", N_("It pays too little for its size. Make it again with a higher feerate.")),
    ("mempool full", N_("The node's pool is full of others that pay more. Wait, or pay more.")),
    ("absurdly-high-fee", N_("It pays so much that this must be a mistake. Check its change.")),
    ("too-long-mempool-chain", N_("Too many transactions hang together without a block. Wait for"
                                  " the next one.")),
    ("premature-spend", N_("It spends coins that were mined too recently. Wait for more blocks.")),
    ("non-BIP68-final", N_("One of its coins is too young for how it is spent. Wait for more"
                           " blocks.")),
    ("final", N_("It may only be mined later: its lock time is not reached.")),
    ("script-verify-flag", N_("A signature is missing or does not fit. Sign it again with the right"
                              " keys.")),
    ("bad-txns-in-belowout", N_("It pays out more than it spends.")),
    ("bad-txns-inputs-duplicate", N_("It spends the same coin twice.")),
    ("dust", N_("An output is worth less than it would cost to spend it.")),
    ("multi-op-return", N_("It carries more than one message; nodes relay only one.")),
    ("tx-size-small", N_("It is too small: nodes do not relay these.")),
    ("tx-size", N_("It is too large for one transaction. Split it.")),
    ("scriptpubkey", N_("An output has a script that nodes do not relay.")),
    ("nonstandard", N_("It is valid in a form that nodes do not relay.")),
    ("scriptsig", N_("It is valid in a form that nodes do not relay.")),
    ("bare-multisig", N_("It is valid in a form that nodes do not relay.")),
    ("version", N_("Its version is one that nodes do not relay.")),
    ("coinbase", N_("This is the first transaction of a block: only miners make these.")),
)  # fmt: skip
_OTHER = N_("It breaks a rule of the chain or of this node. Its wallet should make it again.")
_CODE = re.compile(r"^\d+: ?|,.*$| ?\(code \d+\)$")


def reason_of(answer: str) -> str:
    """Take the node's stable word out of its answer, without codes and numbers."""
    return _CODE.sub("", answer)[:100].strip() or "rejected"


def rejection_words(reason: str) -> str:
    """Say what a node's reason means, and what to do about it."""
    lower = reason.lower()
    found = (words for word, words in _WORDS if word.lower() in lower)
    return say(next(found, _OTHER))
