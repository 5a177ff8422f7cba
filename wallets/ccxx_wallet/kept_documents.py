"""Documents that the chain knows by hash only, kept beside the certificates that need them."""

from collections.abc import Iterable

from ccxx_cert.type_definition import TypeDefinition
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.store import StoredDocument


def keep_documents(live: LiveWallet, documents: Iterable[StoredDocument]) -> None:
    """Keep documents in the wallet's store, all or none."""
    with live.wallet.store.transaction():
        for document in documents:
            live.wallet.store.add_document(document)


def keep_definition(live: LiveWallet, definition: TypeDefinition | None) -> None:
    """Keep a type definition in its canonical form."""
    if definition is not None:
        name = f"{definition.code}.json"
        body = definition.encode()
        document = StoredDocument(definition.typedef_hash, name, "application/json", body)
        keep_documents(live, [document])
