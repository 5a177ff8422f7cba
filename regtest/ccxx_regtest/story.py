"""The story: a root, a university, its graduates and patrons, told through real commands.

Every command is one that its person would type; files go from one person's folder to the next.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_core.amount import COIN
from ccxx_regtest import papers
from ccxx_regtest.facts import Finding, read_field
from ccxx_regtest.network import LocalNetwork
from ccxx_regtest.wallet import Wallet

ROOT_COIN = "21"
FIRST_DEGREE = 202_601
FUNDS = 1_000 * COIN
POCKET_MONEY = "1"
SHARE_SUMMARY = "Patron's share no. 1"
NOT_TRANSFERABLE = "not-transferable"


@dataclass(frozen=True, slots=True)
class Wish:
    """A permit that the university asks for, divided into some coins."""

    name: str
    words: str
    paper: str
    quantity: int
    transferable: bool
    coins: int


SHARES = Wish(
    name="shares",
    words="patron's shares, which may be given away",
    paper=papers.PATRON_SHARE,
    quantity=1_000,
    transferable=True,
    coins=8,
)
DEGREES = Wish(
    name="degrees",
    words="degrees, which stay with whoever earned them",
    paper=papers.MSC_DEGREE,
    quantity=60,
    transferable=False,
    # A batch spends one permit coin, so one coin must hold all 50.
    coins=1,
)


class Story:
    """Tells the story once; `findings` are its facts as explorer and wallets showed them."""

    def __init__(
        self, network: LocalNetwork, say: Callable[[str], None], has_links: bool = True
    ) -> None:
        """Begin it; links are for a network that is still up when they are followed."""
        self.findings: list[Finding] = []
        self._network = network
        self._say = say
        self._has_links = has_links
        self._papers = network.folder / "papers"
        self._papers.mkdir(parents=True)
        self._root = network.wallet("root", "root")
        self._university = network.wallet("issuer", "university")
        self._eleni = network.wallet("holder", "eleni")
        self._samuel = network.wallet("holder", "samuel")
        self._graduates = network.wallet("holder", "graduates")

    def tell(self) -> None:
        """Tell it from the root's coin to the degree that was sold."""
        anchor = self._register_root_coin()
        self._network.start_explorer(anchor)
        university_key = self._set_up_wallets(anchor)
        self._say("\n3. The root grants the university two permits")
        shares = self._grant(SHARES, university_key)
        degrees = self._grant(DEGREES, university_key)
        share = self._issue_share(shares, university_key)
        degree = self._issue_degrees(degrees, university_key)
        self._transfer_share(share)
        self._try_to_sell_degree(degree)
        self._force_sale_of_degree(degree)
        self._check_totals()

    def _register_root_coin(self) -> Path:
        self._say("\n1. The root organisation makes its wallet and registers the root coin")
        made = self._root.run("init")
        self._network.fund(made["address"], FUNDS)
        coin = self._root.run("coin", "register", "--value", ROOT_COIN)
        self._network.mine(1)
        anchor = self._papers / "anchor.json"
        shown = self._root.run("anchor", "export", anchor)
        self._say(f"   root coin {coin['root_coin']}, {coin['value']} CCXX")
        self._say(f"   trust anchor {shown['anchor_id']}")
        return anchor

    def _set_up_wallets(self, anchor: Path) -> str:
        self._say("\n2. The University of Aegina and three holders make their wallets")
        for wallet in (self._university, self._eleni, self._samuel, self._graduates):
            wallet.run("init", "--anchor", anchor)
        for holder in (self._eleni, self._graduates):
            address = holder.run("address")["address"]
            self._root.run("pay", address, POCKET_MONEY)
        key = str(self._university.run("key")["issuer_key"])
        self._say(f"   the university's key is {key}")
        return key

    def _grant(self, wish: Wish, university_key: str) -> str:
        self._say(f"   {wish.quantity:,} {wish.words}")
        definition = papers.write_definition(wish.paper, self._papers, university_key)
        granted = self._root.run(
            "permit", "grant", "--issuer-key", university_key, "--type", definition,
            "--quantity", str(wish.quantity), "--fan-out", str(wish.coins), "--send",
        )  # fmt: skip
        self._network.mine()
        permit = f"{granted['txid']}:0"
        self._show_page(f"permit/{permit}")
        for field, wanted in (
            ("status", "valid"),
            ("quantity", wish.quantity),
            ("transferable", wish.transferable),
        ):
            self._expect(f"permit for {wish.name}: {field}", f"permit/{permit}", field, wanted)
        return permit

    def _issue_share(self, permit: str, university_key: str) -> str:
        self._say("\n4. The university issues one patron's share to Eleni")
        key = self._eleni.run("key", "new")["holder_key"]
        document = papers.write_share(self._papers, university_key, key, serial=1)
        draft = self._university.run(
            "certificate", "issue", "--permit", permit, "--to", key, "--document", document,
            "--serial", "1", "--summary", SHARE_SUMMARY, "--out", self._file("share"),
        )  # fmt: skip
        sent = self._sign_in_turn(draft, self._root, sender=self._university)
        share = f"{sent['txid']}:0"
        self._show_page(f"certificate/{share}")
        self._expect("share: status", f"certificate/{share}", "status", "valid")
        self._expect("share: serial", f"certificate/{share}", "serial", 1)
        self._expect("share: permit", f"certificate/{share}", "permit.id", permit)
        self._expect("share: summary", f"certificate/{share}", "summary", SHARE_SUMMARY)
        return share

    def _start_cosigner(self, permit: str, university_key: str) -> tuple[str, ...]:
        """Have the root's service sign under a permit; gives the university's options for it."""
        cosigner = self._network.start_cosigner(self._root)
        self._say(
            "   the root's keys are in a co-signer service now; two officers approve the permit"
        )
        approvals: list[str] = []
        for officer in ("anna", "boris"):
            options = cosigner.token(officer, "officer")
            approvals = self._root.run("cosigner", "approve", permit, *options)["approvals"]
        self._find("officers who approved the degrees", approvals, ["anna", "boris"])
        return cosigner.token("university", "issuer", university_key)

    def _issue_degrees(self, permit: str, university_key: str) -> str:
        self._say("\n5. The university issues the degrees of 50 graduates in one transaction")
        service = self._start_cosigner(permit, university_key)
        keys = [self._eleni.run("key", "new")["holder_key"]]
        keys += self._graduates.run("key", "new", "--count", "49")["holder_keys"]
        graduates = papers.write_graduates(self._papers, keys)
        definition = self._papers / papers.MSC_DEGREE
        draft = self._university.run(
            "certificate", "batch", graduates, "--permit", permit, "--type", definition,
            "--serial", str(FIRST_DEGREE), "--valid-from", "2026-07-10T00:00:00Z",
            "--documents", self._papers / "degrees", "--out", self._file("degrees"), *service,
        )  # fmt: skip
        self._find("the co-signer completes the batch", draft["complete"], True)
        sent = self._sign_in_turn(draft, sender=self._university)
        first, last = f"{sent['txid']}:0", f"{sent['txid']}:49"
        self._show_page(f"tx/{sent['txid']}")
        self._expect("first degree: status", f"certificate/{first}", "status", "valid")
        self._expect("last degree: status", f"certificate/{last}", "status", "valid")
        self._expect("last degree: serial", f"certificate/{last}", "serial", FIRST_DEGREE + 49)
        self._expect("last degree: leaf", f"certificate/{last}", "batch.leaf", 49)
        self._expect("degrees issued", f"permit/{permit}", "issued", 50)
        return first

    def _transfer_share(self, share: str) -> None:
        self._say("\n6. Eleni gives her share to Samuel; all three sign their own copy")
        key = self._samuel.run("key", "new")["holder_key"]
        draft = self._draft_transfer(share, key, "gift")
        copies = [Path(draft["file"]), self._file("gift-university"), self._file("gift-root")]
        for signer, copy in zip((self._university, self._root), copies[1:], strict=True):
            signer.run("sign", draft["file"], "--out", copy)
        joined = self._eleni.run("combine", *copies, "--out", self._file("gift-signed"))
        sent = self._eleni.run("send", joined["file"])
        self._network.mine()
        self._show_page(f"certificate/{share}")
        self._expect("share, given: status", f"certificate/{share}", "status", "valid")
        self._expect("share, given: holder", f"certificate/{share}", "holder_key", key)
        self._expect("share, given: by", f"certificate/{share}", "history.1.txid", sent["txid"])
        found = self._samuel.run("list")["certificates"]
        self._find("Samuel's wallet holds", [each["id"] for each in found], [share])

    def _try_to_sell_degree(self, degree: str) -> None:
        self._say("\n7. Eleni tries to sell her degree to Samuel: nobody signs")
        key = self._samuel.run("key", "new")["holder_key"]
        said = self._eleni.refusal("certificate", "transfer", degree, "--to", key)
        self._say(f"   her wallet: {said}")
        draft = self._draft_transfer(degree, key, "sale", "--force")
        for name, signer in (("university", self._university), ("root", self._root)):
            said = signer.refusal("sign", draft["file"])
            self._say(f"   {name}: {said}")
            self._find(f"{name} refuses the sale", NOT_TRANSFERABLE in said, True)
        self._expect("degree, not sold: status", f"certificate/{degree}", "status", "valid")

    def _force_sale_of_degree(self, degree: str) -> None:
        self._say("\n8. With everybody's keys they force it: the chain takes it, no observer does")
        sale = self._file("sale")
        self._university.run("sign", sale, "--force")
        self._root.run("sign", sale, "--force")
        sent = self._eleni.run("send", sale, "--force")
        self._network.mine()
        page = f"tx/{sent['txid']}"
        self._show_page(f"certificate/{degree}")
        self._expect("forced sale: on the chain", page, "status", "confirmed")
        self._expect("forced sale: counts", page, "verdict.accepted", False)
        self._expect("forced sale: reason", page, "verdict.refusal", NOT_TRANSFERABLE)
        self._expect("degree, sold: status", f"certificate/{degree}", "status", "destroyed")

    def _check_totals(self) -> None:
        self._expect("permits", "status", "counts.permits", 2)
        self._expect("certificates", "status", "counts.certificates", 51)
        self._expect("refused messages", "status", "counts.refused", 1)
        self._expect("credit destroyed", "status", "credit.destroyed", CERTIFICATE_VALUE)
        height = self._network.node.client.block_count()
        self._expect("height", "status", "tip.height", height)

    def _draft_transfer(self, certificate: str, key: str, name: str, *more: str) -> dict[str, Any]:
        return self._eleni.run(
            "certificate", "transfer", certificate, "--to", key, "--out", self._file(name), *more
        )

    def _sign_in_turn(
        self, draft: dict[str, Any], *signers: Wallet, sender: Wallet
    ) -> dict[str, Any]:
        """Hand a draft to its co-signers one after the other, send it, and let it be mined."""
        for signer in signers:
            signer.run("sign", draft["file"])
        sent = sender.run("send", draft["file"])
        self._network.mine()
        return sent

    def _file(self, name: str) -> Path:
        return self._papers / f"{name}.psbt"

    def _show_page(self, page: str) -> None:
        if self._has_links:
            self._say(f"   {self._network.explorer.url}/{page}")

    def _expect(self, about: str, page: str, field: str, wanted: Any) -> None:
        self._find(about, read_field(self._network.explorer.get(page), field), wanted)

    def _find(self, about: str, found: Any, wanted: Any) -> None:
        self.findings.append(Finding(about, found, wanted))
