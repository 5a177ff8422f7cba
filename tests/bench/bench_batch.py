"""How long 40,000 certificates take: from a CSV to documents on disk and signed transactions.

Coins, drafting, documents, PSBT files and the three signatures are those of
`certificate batch` and of the co-signers; only the node is left out. One JSON line a result, in
seconds; the limit is what hashing and writing the same documents and bare signatures take.
"""

import argparse
import csv
import json
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench_issue import ORIGIN, key_of, raw_rate

from ccxx_cert.custody import CERTIFICATE_VALUE, Wrap, certificate_script, permit_script, wrap
from ccxx_cert.records import Custody
from ccxx_cert.state import Credit, CreditKind
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.hashes import Txid, hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.psbt import Psbt
from ccxx_core.script import p2wpkh_script
from ccxx_core.transaction import OutPoint, TxOutput
from ccxx_issuer.job import Job, Mode, Recipient, Terms, create_job
from ccxx_issuer.job_documents import JobDocuments, proof_files, write_documents
from ccxx_issuer.job_drafting import Drafter, Piece
from ccxx_issuer.rows import read_rows
from ccxx_wallet.builder import CreditInput, Purse
from ccxx_wallet.coin_selection import PlainCoin
from ccxx_wallet.files import make_private_folder, write_atomically
from ccxx_wallet.session import finalize
from ccxx_wallet.signer import sign

CERTIFICATES = 40_000
SINGLES = 4_000
COINS = 8
# Nothing of a document may repeat: each has a name, a number and a mark of its own.
COLUMNS = ("holder_key", "name", "number", "mark")
DEFINITION = Path(__file__).resolve().parents[2] / "regtest/ccxx_regtest/documents/msc-degree.json"
THREE = {name: key_of(name) for name in ("root", "issuer", "system")}
PAYER = key_of("payer")
PERMIT = OutPoint(Txid(sha256(b"permit")), 0)
SCRIPT = permit_script(*(key.public_key for key in THREE.values()))


def write_table(path: Path, count: int) -> None:
    """Write the CSV of so many recipients."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for n in range(count):
            key = PrivateKey(sha256(b"holder %d" % n)).public_key
            mark = f"{n % 41 + 60}"
            writer.writerow([key.hex(), f"Ελένη Παπαδοπούλου {n}", f"2026-{n:06}", mark])


def definition() -> TypeDefinition:
    """Give the type of the certificates."""
    return TypeDefinition.decode_for(DEFINITION.read_bytes(), THREE["issuer"].public_key)


def drafter(job: Job, documents: JobDocuments) -> Drafter:
    """Give a permit's coins and a payer's to draft from."""
    count = len(job.recipients)
    room = -(-count // COINS)
    coins = [
        Credit(
            replace_vout(PERMIT, vout),
            room * CERTIFICATE_VALUE,
            wrap(SCRIPT),
            CreditKind.PERMIT,
            PERMIT,
        )
        for vout in range(COINS)
    ]
    script = p2wpkh_script(hash160(PAYER.public_key))
    paying = [PlainCoin(replace_vout(PERMIT, 100 + i), 10**9, script, 1) for i in range(COINS)]
    origins = {script: ((PAYER.public_key, ORIGIN),)}
    purse = Purse(paying, script, 2, origin_of=lambda script: origins.get(script, ()))
    return Drafter(job, documents, coins, purse, REGTEST)


def replace_vout(outpoint: OutPoint, vout: int) -> OutPoint:
    """Give another output of the same transaction."""
    return outpoint._replace(vout=vout)


def describe(coin: Credit) -> CreditInput:
    """Tell co-signers of a permit coin."""
    origins = ((THREE["issuer"].public_key, ORIGIN),)
    output = TxOutput(coin.value, coin.script_pubkey)
    return CreditInput(coin.outpoint, output, SCRIPT, 3, origins=origins)


def pubkey_of(job: Job, position: int) -> bytes:
    """Give the output script of a recipient's certificate."""
    root, issuer = THREE["root"].public_key, THREE["issuer"].public_key
    holder = job.recipients[position].row.holder_key
    return wrap(certificate_script(root, issuer, holder, Custody.THREE_OF_THREE))


def plan(folder: Path, mode: Mode) -> Job:
    """Read the table and write the job."""
    rows = read_rows(folder / "table.csv", "holder_key")
    documents, out = str(folder / "documents"), str(folder / "psbts")
    terms = Terms(PERMIT, mode, 1, "2026-07-10T00:00:00Z", 2, documents, out, "", script=Wrap.P2WSH)
    return create_job(folder / "jobs", terms, [Recipient(r, sha256(r.holder_key)) for r in rows])


def co_sign(path: Path, key: PrivateKey) -> None:
    """Read a file, sign it and write it, as each co-signer does on its own machine."""
    psbt = Psbt.decode(path.read_bytes())
    write_atomically(path, sign(psbt, {key.public_key: key}).encode())


def sign_piece(path: Path, piece: Piece) -> bytes:
    """Write a transaction, have all three sign its file, and finish it."""
    issuer = THREE["issuer"]
    keys = {key.public_key: key for key in (issuer, PAYER)}
    write_atomically(path, piece.psbt.encode())
    write_atomically(path, sign(piece.psbt, keys).encode())
    co_sign(path, THREE["root"])
    co_sign(path, THREE["system"])
    return finalize(Psbt.decode(path.read_bytes()), {}).encode()


def issue_all(folder: Path, mode: Mode) -> tuple[int, dict[str, bytes]]:
    """Do the whole work; give how many transactions there are, and the documents."""
    job = plan(folder, mode)
    documents = JobDocuments(job, definition())
    pieces = list(
        drafter(job, documents).draft(
            range(len(job.recipients)), describe, lambda at: pubkey_of(job, at), sha256(b"anchor")
        )
    )
    files = {}
    for position in range(len(job.recipients)):
        document = documents.document(position)
        files[document.name] = document.body
    for piece in pieces if mode is Mode.BATCH else []:
        leaves = [documents.document(at) for at in piece.positions]
        files |= proof_files(leaves, documents.tree(piece.positions))
    write_documents(folder / "documents", files, lambda _done, _total: None)
    make_private_folder(folder / "psbts")
    for number, piece in enumerate(pieces, 1):
        assert sign_piece(folder / "psbts" / f"{number:05d}.psbt", piece)
    return len(pieces), files


def write_bare(folder: Path, files: Sequence[bytes], signatures: int) -> float:
    """Give the seconds that hashing and writing the same bytes and bare signatures take."""
    folder.mkdir()
    start = time.perf_counter()
    for number, body in enumerate(files):
        sha256(body)
        (folder / str(number)).write_bytes(body)
    return time.perf_counter() - start + signatures / raw_rate()


def measure(mode: Mode, count: int) -> None:
    """Print how long one case takes as one JSON line."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_table(folder / "table.csv", count)
        start = time.perf_counter()
        transactions, files = issue_all(folder, mode)
        seconds = time.perf_counter() - start
        limit = write_bare(folder / "bare", list(files.values()), transactions * 4)
    result = {
        "bench": "batch",
        "case": str(mode),
        "workers": 1,
        "value": round(seconds, 2),
        "unit": "s",
        "certificates": count,
        "transactions": transactions,
        "microseconds_each": round(seconds / count * 1e6),
        "limit": round(limit, 2),
        "ratio": round(limit / seconds, 3),
    }
    print(json.dumps(result), flush=True)


def main() -> None:
    """Measure a batch, then a transaction for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--certificates", type=int, default=CERTIFICATES)
    parser.add_argument("--singles", type=int, default=SINGLES)
    arguments = parser.parse_args()
    measure(Mode.BATCH, arguments.certificates)
    measure(Mode.EACH, arguments.singles)


if __name__ == "__main__":
    main()
