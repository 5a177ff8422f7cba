"""When root and issuer may give a certificate another key: the delay of custody policy 1."""

from dataclasses import dataclass

from ccxx_cert.custody import certificate_script, holder_of, is_wrapped
from ccxx_cert.records import Custody
from ccxx_cert.state import Certificate
from ccxx_core.spending import RECOVERY_DELAY

BLOCKS_A_DAY = 576  # blocks of 150 seconds
# A holder is reminded while there is time to gather three signatures.
REMINDER_BLOCKS = 30 * BLOCKS_A_DAY


@dataclass(frozen=True, slots=True)
class RecoveryPath:
    """The path of root and issuer to a certificate: the first block that may hold it."""

    opens_height: int

    def blocks_left(self, tip_height: int) -> int:
        """Return how many blocks must come before the one that may hold it, 0 once it is open."""
        return max(0, self.opens_height - tip_height - 1)

    def is_open(self, tip_height: int) -> bool:
        """Tell whether the next block may hold it (BIP 68)."""
        return self.blocks_left(tip_height) == 0

    def is_near(self, tip_height: int) -> bool:
        """Tell whether the holder should act."""
        return self.blocks_left(tip_height) <= REMINDER_BLOCKS


def recovery_path(certificate: Certificate, custody: Custody | None) -> RecoveryPath | None:
    """Return when a certificate's recovery path opens, None where it has none.

    `custody` is the policy that it lies under, as the chain or the holder's key shows it.
    """
    if custody is not Custody.RECOVERABLE or certificate.location is None:
        return None
    return RecoveryPath(certificate.holding.moment.height + RECOVERY_DELAY)


def open_certificate(
    certificate: Certificate, holder_key: bytes | None = None
) -> tuple[bytes, bytes, Custody] | None:
    """Return a certificate's script, its holder's key and its policy, None where it stays opaque.

    The key is the one that the chain shows, else the given one, if it rebuilds the output.
    """
    key = certificate.holder_key or holder_key
    if key is None:
        return None
    for custody in Custody:
        script = certificate_script(certificate.root_key, certificate.issuer_key, key, custody)
        if is_wrapped(script, certificate.script_pubkey, custody):
            return script, key, custody
    return None


def policy_of(script: bytes, certificate: Certificate) -> Custody:
    """Return the policy of a certificate's script, which was rebuilt from its keys."""
    found = holder_of(script, certificate.root_key, certificate.issuer_key)
    return certificate.policy if found is None else found[1]


def format_blocks(blocks: int) -> str:
    """Say a number of blocks, with the days that they take."""
    days = blocks / BLOCKS_A_DAY
    about = "less than a day" if days < 1 else f"about {round(days)} day{'s'[: round(days) > 1]}"
    return f"{blocks} block{'s'[: blocks != 1]}, {about}"
