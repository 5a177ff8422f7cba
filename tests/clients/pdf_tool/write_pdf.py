"""Write a certificate as the published tool does, with its own libraries; run by its Python.

`write_pdf.py FILE ADDRESS` makes one without a receipt, `write_pdf.py FILE ADDRESS TXID` puts the
receipt into it. Prints the hash that the receipt is about.
"""

import json
import sys
from hashlib import sha256
from pathlib import Path

from fpdf import FPDF
from pdfrw import PdfDict, PdfReader, PdfWriter


def main() -> None:
    """Do what the arguments say."""
    path, address, *txid = sys.argv[1:]
    if not txid:
        make(path, address)
        sys.stdout.write(digest_of(path))
        return
    digest = digest_of(path)
    receipt = {
        "@context": "https://w3id.org/chainpoint/v2",
        "type": "ChainpointSHA256v2",
        "targetHash": digest,
        "merkleRoot": digest,
        "proof": [],
        "anchors": [{"type": "BTCTestnetOpReturn", "sourceId": txid[0]}],
    }
    update(path, chainpoint_proof=json.dumps(receipt))
    sys.stdout.write(digest)


def make(path: str, address: str) -> None:
    """Make a page with the metadata of version 1."""
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Arial", size=16)
    pdf.cell(0, 10, f"Certificate {Path(path).stem}")
    pdf.output(path, "F")
    issuer = {"name": "Issuer", "identity": {"address": address, "verification": []}}
    update(path, version=1, issuer=json.dumps(issuer), metadata="{}", chainpoint_proof="")


def update(path: str, **metadata: object) -> None:
    """Write metadata into a file."""
    pdf = PdfReader(path)
    pdf.Info.update(PdfDict(**metadata))
    PdfWriter().write(path, pdf)


def digest_of(path: str) -> str:
    """Hash a file without its receipt."""
    return sha256(Path(path).read_bytes()).hexdigest()


main()
