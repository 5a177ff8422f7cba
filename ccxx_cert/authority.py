"""Rule 7: who speaks in a message that moves no credit, told from the coins that it spends.

A payment *to* somebody proves nothing, so only inputs count. What an input spends is known because
the registry watches the scripts that may give authority, and every coin that comes to them.
"""

from collections.abc import Iterable, Iterator

from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.marks import WatchedCoin, WatchedScript
from ccxx_cert.spend import Spend
from ccxx_cert.standing import Authority
from ccxx_cert.state import Permit, RegistryView, get_root, watched_script_key
from ccxx_core.hashes import hash160
from ccxx_core.script import ScriptKind, p2pkh_script, p2wpkh_script, solve_script

_KEY_HASHES = (ScriptKind.PUBKEYHASH, ScriptKind.WITNESS_V0_KEYHASH)


def key_scripts(public_key: bytes) -> tuple[bytes, ...]:
    """Return the scripts by which a key speaks; none for a key that is not known."""
    if not public_key:
        return ()
    return p2pkh_script(hash160(public_key)), p2wpkh_script(hash160(public_key))


def check_moves_no_credit(spend: Spend) -> None:
    """Check that a message which only says something leaves all credit alone."""
    if spend.credits:
        raise CertificateError(Refusal.MOVES_CREDIT, f"{len(spend.credits)} inputs are credit")


def authority_over(permit: Permit, spend: Spend, view: RegistryView) -> Authority:
    """Return who revokes under a permit; raises CertificateError where no input may."""
    speakers: dict[bytes, Authority] = {}
    if permit.message.issuer_revokes and permit.issuer_key is not None:
        speakers |= dict.fromkeys(key_scripts(permit.issuer_key), Authority.ISSUER)
    if permit.message.root_revokes:
        speakers |= dict.fromkeys(key_scripts(permit.root_key), Authority.ROOT)
    speakers[permit.script_pubkey] = Authority.PERMIT
    root = get_root(view)
    if root is not None:
        speakers[root.script_pubkey] = Authority.ROOT_CREDIT
    for coin in spend.watched:
        if coin.script_pubkey in speakers:
            return speakers[coin.script_pubkey]
    raise CertificateError(Refusal.NO_AUTHORITY, "no input is a coin of who may revoke")


def speaker_of(spend: Spend, view: RegistryView, allowed: Iterable[Authority]) -> WatchedScript:
    """Return the first script spent that speaks for one of `allowed`; raises CertificateError."""
    wanted = frozenset(allowed)
    for coin in spend.watched:
        script = view.get(watched_script_key(coin.script_pubkey))
        if isinstance(script, WatchedScript) and script.by in wanted:
            return script
    raise CertificateError(Refusal.NO_AUTHORITY, "no input is a coin of who may say this")


def watch_root(script_pubkey: bytes, root_key: bytes) -> Iterator[WatchedScript]:
    """Yield the scripts by which a root speaks."""
    yield WatchedScript(script_pubkey, Authority.ROOT_CREDIT)
    for script in key_scripts(root_key):
        yield WatchedScript(script, Authority.ROOT)


def watch_permit(script_pubkey: bytes) -> WatchedScript:
    """Return the script by which a permit speaks: all three of its keys together."""
    return WatchedScript(script_pubkey, Authority.PERMIT, script_pubkey)


def watch_issuer(issuer_key: bytes, view: RegistryView) -> Iterator[WatchedScript]:
    """Yield the scripts by which an issuer speaks, once its key was shown."""
    for script in key_scripts(issuer_key):
        known = view.get(watched_script_key(script))
        if not isinstance(known, WatchedScript) or known.by is None:
            yield WatchedScript(script, Authority.ISSUER, issuer_key)


def watch_floats(spend: Spend, view: RegistryView) -> Iterator[WatchedScript]:
    """Yield the key hashes that a grant pays plain coins to.

    The issuer's key is still hidden, and the coins that the root gives it for its fees are those
    it will speak by.
    """
    for script in {output.script_pubkey for _, output in spend.plain_outputs}:
        if (
            solve_script(script).kind in _KEY_HASHES
            and view.get(watched_script_key(script)) is None
        ):
            yield WatchedScript(script)


def watched_outputs(spend: Spend, view: RegistryView, credit: set[int]) -> Iterator[WatchedCoin]:
    """Yield the plain outputs at watched scripts; `credit` are the positions of credit."""
    for vout, output in enumerate(spend.tx.outputs):
        if vout in credit or output.value <= 0:
            continue
        if view.get(watched_script_key(output.script_pubkey)) is not None:
            yield WatchedCoin(spend.outpoint(vout), output.script_pubkey)
