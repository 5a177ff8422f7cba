"""The story: a root, a university, its graduates and patrons, told through real commands.

Every command is one that its person would type; files go from one person's folder to the next.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ccxx_core.amount import COIN
from ccxx_regtest import papers
from ccxx_regtest.facts import Finding, read_field
from ccxx_regtest.network import LocalNetwork
from ccxx_regtest.wallet import Wallet

ROOT_COIN = "21"
SHARES, DEGREES = 1_000, 60
FIRST_DEGREE = 202_601
FUNDS = 1_000 * COIN
POCKET_MONEY = "1"


class Story:
    """Tells the story once; `findings` are its facts as explorer and wallets showed them."""

    def __init__(self, network: LocalNetwork, say: Callable[[str], None]) -> None:
        self.findings: list[Finding] = []
        self._network = network
        self._say = say
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
        shares = self._grant(university_key, papers.PATRON_SHARE, SHARES)
        degrees = self._grant(university_key, papers.MSC_DEGREE, DEGREES)
        share = self._issue_share(shares, university_key)
        degree = self._issue_degrees(degrees)
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
        key = str(self._university.run("key")["key"])
        self._say(f"   the university's key is {key}")
        return key

    def _grant(self, university_key: str, paper: str, quantity: int) -> str:
        definition = papers.write_definition(paper, self._papers, university_key)
        self._say(f"\n3. The root grants a permit for {quantity:,} certificates of {paper}")
        # One batch of 50 needs one permit coin that holds them all.
        fan_out = 1 if paper == papers.MSC_DEGREE else 8
        granted = self._root.run(
            "permit", "grant", "--issuer-key", university_key, "--type", definition,
            "--quantity", str(quantity), "--fan-out", str(fan_out), "--send",
        )  # fmt: skip
        self._network.mine()
        permit = f"{granted['txid']}:0"
        about = f"permit {paper}"
        self._expect(f"{about}: status", f"permit/{permit}", "status", "valid")
        self._expect(f"{about}: quantity", f"permit/{permit}", "quantity", quantity)
        self._expect(
            f"{about}: transferable",
            f"permit/{permit}",
            "transferable",
            paper == papers.PATRON_SHARE,
        )
        return permit

    def _expect(self, about: str, page: str, field: str, wanted: Any) -> None:
        found = read_field(self._network.explorer.get(page), field)
        self.findings.append(Finding(about, found, wanted))
