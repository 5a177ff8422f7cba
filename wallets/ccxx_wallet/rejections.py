"""What to do about a node that does not take a transaction, by the reasons that nodes give."""

_ADVICE = (
    ("too-long-mempool-chain", "25 unconfirmed transactions hang together; wait for a block"),
    ("txn-mempool-conflict", "a coin is spent by another transaction; make a new draft"),
    ("txn-already", "it was sent before; wait for a block"),
    ("min relay fee", "raise --feerate"),
    ("mempool min fee", "raise --feerate"),
    ("insufficient", "raise --feerate"),
    ("missing-inputs", "a coin was spent meanwhile; make a new draft"),
    ("bad-txns-inputs-missingorspent", "a coin was spent meanwhile; make a new draft"),
    ("premature-spend", "a mined coin is too young; wait for more blocks"),
    (
        "non-BIP68-final",
        "a certificate of it is too young for the path without its holder; `why` says from which"
        " block on",
    ),
    ("tx-size", "too large for one transaction; split the batch"),
)


def explain_rejection(reason: str) -> str:
    """Say what to do about a node's reason not to take a transaction."""
    for word, advice in _ADVICE:
        if word in reason:
            return f"the node does not take it ({reason}): {advice}"
    return f"the node does not take it ({reason}); nothing was sent"
