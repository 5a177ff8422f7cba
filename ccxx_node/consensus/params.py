"""What differs between the three networks, as data; the rules that read it are elsewhere."""

from dataclasses import dataclass, replace

from ccxx_core.hashes import BlockHash, parse_block_hash

MAX_BLOCK_WEIGHT = 4_000_000
MAX_BLOCK_SIGOPS_COST = 80_000
MAX_FUTURE_SECONDS = 7200
FIRST_MATURITY = 5000
LATER_MATURITY = 100_000

# From this height only trusted miners are rewarded; above it only they may mine.
TRUSTED_MINERS_HEIGHT = 70_000
# Above this height a block comes at least this long after its parent.
MINIMUM_SPACING_HEIGHT = 90_000
MINIMUM_SPACING_SECONDS = 90

_NEVER = 100_000_000


@dataclass(frozen=True, slots=True)
class Deployment:
    """A soft fork that miners switch on (BIP 9), in unix seconds.

    A start time of None means always active; without a timeout it never fails.
    """

    name: str
    bit: int
    start_time: int | None
    timeout: int | None = None


@dataclass(frozen=True, slots=True)
class ConsensusParams:
    """One network's rules: heights are the first at which a rule holds, times are seconds."""

    chain: str
    genesis_hash: BlockHash
    genesis_time: int
    genesis_nonce: int
    genesis_bits: int
    pow_limit: int
    spacing: int
    retarget_span: int
    min_difficulty_blocks: bool
    retargets: bool
    subsidy_interval: int
    bip34_height: int
    bip65_height: int
    bip66_height: int
    enforce_bip30: bool
    signal_window: int
    signal_threshold: int
    csv: Deployment
    segwit: Deployment
    test_dummy: Deployment
    checkpoints: tuple[tuple[int, BlockHash], ...] = ()
    later_maturity_above: int | None = None
    test_maturity: int | None = None
    test_subsidy: bool = False

    @property
    def retarget_interval(self) -> int:
        """Blocks between two changes of difficulty."""
        return self.retarget_span // self.spacing

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """All BIP 9 deployments, in the order of the reference."""
        return self.test_dummy, self.csv, self.segwit

    @property
    def knows_segwit(self) -> bool:
        """Whether segwit is or may become active; tests can leave it out."""
        return self.segwit.timeout != 0

    def with_deployment(self, name: str, start_time: int | None, timeout: int) -> "ConsensusParams":
        """Give regtest another schedule for a soft fork, to test what holds before it.

        Raises ValueError on other networks and for an unknown name.
        """
        if self.chain != "regtest":
            raise ValueError("Version bits parameters may only be overridden on regtest.")
        fields = {"testdummy": "test_dummy", "csv": "csv", "segwit": "segwit"}
        if name not in fields:
            raise ValueError(f"Invalid deployment ({name})")
        changed = replace(getattr(self, fields[name]), start_time=start_time, timeout=timeout)
        return replace(self, **{fields[name]: changed})

    def coinbase_maturity(self, height: int) -> int:
        """Give the depth that a coinbase needs to be spent in a block at this height."""
        if self.test_maturity is not None:
            return self.test_maturity
        if self.later_maturity_above is not None and height > self.later_maturity_above:
            return LATER_MATURITY
        return FIRST_MATURITY

    def with_test_overrides(
        self, maturity: int | None = None, subsidy_interval: int | None = None
    ) -> "ConsensusParams":
        """Give regtest another maturity, or Bitcoin's subsidy of 50 halved every so many blocks.

        Raises ValueError on other networks and for a maturity or interval below 1.
        """
        if self.chain != "regtest":
            raise ValueError(f"test rules are for regtest only, not for {self.chain}")
        if any(value is not None and value < 1 for value in (maturity, subsidy_interval)):
            raise ValueError("a test maturity or subsidy interval must be at least 1")
        changed = replace(self, test_maturity=maturity)
        if subsidy_interval is None:
            return changed
        return replace(changed, subsidy_interval=subsidy_interval, test_subsidy=True)


_ALWAYS_CSV = Deployment("csv", bit=0, start_time=None)
_ALWAYS_SEGWIT = Deployment("segwit", bit=1, start_time=None)
_ALWAYS_DUMMY = Deployment("testdummy", bit=28, start_time=None)

MAIN = ConsensusParams(
    chain="main",
    genesis_hash=parse_block_hash(
        "8e15c88559d5b7e201a53c26245262a19ca870970d56196f806f6d208aba0de4"
    ),
    genesis_time=1558717122,
    genesis_nonce=13491,
    genesis_bits=0x1E0FFFF0,
    pow_limit=(1 << 236) - 1,
    spacing=150,
    retarget_span=86_400,
    min_difficulty_blocks=False,
    retargets=True,
    subsidy_interval=576,
    bip34_height=0,
    bip65_height=0,
    bip66_height=0,
    # The hash that BIP 34 is tied to is the genesis block's: duplicate coinbases cannot occur.
    enforce_bip30=False,
    signal_window=8640,
    signal_threshold=6480,
    csv=_ALWAYS_CSV,
    segwit=_ALWAYS_SEGWIT,
    test_dummy=_ALWAYS_DUMMY,
    checkpoints=(
        (
            1500,
            parse_block_hash("98ce565ca18cfa9a8a8f7e083443dfbc16aa9c961c0520e14939f8bc92f9a088"),
        ),
        (
            8860,
            parse_block_hash("e2c858891a7ec763fef258d537731b584136c41318305710fadde5016827eb69"),
        ),
    ),
    later_maturity_above=8860,
)

TEST = replace(
    MAIN,
    chain="test",
    genesis_hash=parse_block_hash(
        "8d7773dbbe67d8de969ae43466c220447cc3d37521d8a80041c0db9dbcdad6a7"
    ),
    genesis_time=1486949366,
    genesis_nonce=353359,
    retarget_span=302_400,
    min_difficulty_blocks=True,
    subsidy_interval=840_000,
    bip34_height=76,
    bip65_height=76,
    bip66_height=76,
    enforce_bip30=True,
    signal_window=2016,
    signal_threshold=1512,
    checkpoints=(),
    later_maturity_above=None,
)

REGTEST = replace(
    TEST,
    chain="regtest",
    genesis_hash=parse_block_hash(
        "923aaec7e5936eceaba52f4e81d1ce97964d4a8e805220bb916fba7ae14227b1"
    ),
    genesis_time=1296688602,
    genesis_nonce=0,
    genesis_bits=0x207FFFFF,
    pow_limit=(1 << 255) - 1,
    retargets=False,
    subsidy_interval=576,
    bip34_height=_NEVER,
    bip65_height=1351,
    bip66_height=1251,
    signal_window=144,
    signal_threshold=108,
    csv=Deployment("csv", bit=0, start_time=0),
    test_dummy=Deployment("testdummy", bit=28, start_time=0),
)

PARAMS = {params.chain: params for params in (MAIN, TEST, REGTEST)}
