"""The stable words of scripts, keys and signatures as people read them."""

from __future__ import annotations

from ccxx_core.script import ScriptKind
from ccxx_explorer.language import say


def kind_words(kind: str) -> str:
    """Say what kind an output script is."""
    words: dict[str, str] = {
        ScriptKind.PUBKEY: say("pay to a public key (P2PK)"),
        ScriptKind.PUBKEYHASH: say("pay to the hash of a key (P2PKH)"),
        ScriptKind.SCRIPTHASH: say("pay to the hash of a script (P2SH)"),
        ScriptKind.MULTISIG: say("several keys, in the open"),
        ScriptKind.NULLDATA: say("data that nobody can spend (OP_RETURN)"),
        ScriptKind.WITNESS_V0_KEYHASH: say("pay to the hash of a key by witness (P2WPKH)"),
        ScriptKind.WITNESS_V0_SCRIPTHASH: say("pay to the hash of a script by witness (P2WSH)"),
        ScriptKind.WITNESS_UNKNOWN: say("a witness program of a version to come"),
        ScriptKind.NONSTANDARD: say("a script of its own kind"),
    }
    return words.get(kind) or say("not known")


def role_words(role: str) -> str:
    """Say whose key it is."""
    words = {
        "root credit": say("owner of the root credit"),
        "root": say("root"),
        "issuing system": say("issuing system"),
        "issuer": say("issuer"),
        "holder": say("holder"),
        "owner": say("owner"),
    }
    return words.get(role) or say("unknown key")


def credit_words(kind: str) -> str:
    """Say what a coin or an address is to the protocol."""
    words = {
        "root": say("root credit"),
        "permit": say("permit credit"),
        "certificate": say("certificate"),
    }
    return words.get(kind, kind)


def sighash_words(name: str) -> str:
    """Say what a signature covers."""
    words = {
        "ALL": say("covers all inputs and outputs"),
        "NONE": say("covers all inputs and no output"),
        "SINGLE": say("covers all inputs and one output"),
        "ALL|ANYONECANPAY": say("covers this input and all outputs"),
        "NONE|ANYONECANPAY": say("covers this input alone"),
        "SINGLE|ANYONECANPAY": say("covers this input and one output"),
    }
    return words.get(name) or say("of a type of its own")


def candidate_kinds() -> dict[str, str]:
    """Say what kinds of things a search finds, by their stable words."""
    return {
        "certificate": say("certificate"),
        "certificates": say("certificates"),
        "permit": say("permit"),
        "issuer": say("issuer"),
        "address": say("address"),
        "block": say("block"),
        "transaction": say("transaction"),
        "pending": say("waiting for a block"),
    }


def candidate_words(kind: str) -> str:
    """Say what kind of thing a search has found."""
    return candidate_kinds().get(kind, kind)
