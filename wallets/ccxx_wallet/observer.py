"""An observer without a wallet: a registry that a trust anchor and a node make, and no key.

What it has read is kept in the platform's folder for caches, so that the next check reads new
blocks only. Whoever deletes it loses nothing.
"""

import platformdirs

from ccxx_cert.trust import TrustAnchor
from ccxx_core.network import Network
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import make_private_folder, write_atomically
from ccxx_wallet.store import Store
from ccxx_wallet.wallet import ANCHOR_FILE, STORE_FILE, WATCH_ONLY, Wallet


def open_observer(anchor: TrustAnchor, network: Network | None) -> Wallet:
    """Open the store that belongs to a trust anchor, or make it.

    Raises WalletError WRONG_NETWORK if the anchor is of another network than the one asked for.
    """
    if network is not None and network.chain != anchor.network:
        raise WalletError(
            Refusal.WRONG_NETWORK,
            f"the trust anchor is for the network {anchor.network}, not {network.chain}; leave"
            " --network out or give another --anchor",
        )
    folder = platformdirs.user_cache_path("ccxx") / "observers" / anchor.anchor_id.hex()
    make_private_folder(folder)
    write_atomically(folder / ANCHOR_FILE, anchor.encode())
    store = Store(folder / STORE_FILE)
    facts = {"network": anchor.network, "birthday": str(anchor.root_height), WATCH_ONLY: "1"}
    with store.transaction():
        for name, value in facts.items():
            store.set_fact(name, value)
    return Wallet(folder, store)
