"""One deferred batch that is ready to be signed, and the files that its leaves commit to."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from ccxx_cert.batch_tree import BatchTree
from ccxx_cert.state import Permit
from ccxx_issuer.job_documents import proof_files
from ccxx_wallet.builder import Funded
from ccxx_wallet.files import check_output, make_private_folder, write_output
from ccxx_wallet.kept_documents import keep_documents
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.store import StoredDocument


@dataclass(frozen=True, slots=True)
class DraftedBatch:
    """A batch ready to be signed, with the documents that its leaves commit to."""

    funded: Funded
    permit: Permit
    serial_start: int
    documents: tuple[StoredDocument, ...]
    tree: BatchTree


def keep(live: LiveWallet, folder: Path, batch: DraftedBatch, overwrite: bool) -> None:
    """Write each document and its proof into a folder, and keep the documents in the wallet.

    Without a document's salt its certificate proves nothing, so this comes before signing ends; on
    failure nothing is left behind. Raises WalletError FILE_EXISTS before anything is written.
    """
    files = {document.name: document.body for document in batch.documents}
    files |= proof_files(batch.documents, batch.tree)
    for name, body in files.items():
        check_output(folder / name, overwrite, body)
    is_new = not folder.exists()
    make_private_folder(folder)
    try:
        for name, body in files.items():
            write_output(folder / name, body, overwrite)
    except BaseException:
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    keep_documents(live, batch.documents)
