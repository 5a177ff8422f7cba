"""Run ElectrumX on our regtest; what it is to do comes from the environment, as always.

Run by the Python of its own environment.
"""

from electrumx.cli import electrumx_server
from electrumx.lib import coins
from electrumx.lib.tx import DeserializerSegWit


class CounosXRegtest(coins.Coin):
    """All that ElectrumX wants to know of the chain; headers are named by SHA-256 as everywhere."""

    NAME, SHORTNAME, NET = "CounosX", "CCXX", "regtest"
    GENESIS_HASH = "923aaec7e5936eceaba52f4e81d1ce97964d4a8e805220bb916fba7ae14227b1"
    P2PKH_VERBYTE = bytes([111])
    P2SH_VERBYTES = (bytes([58]), bytes([196]))
    DESERIALIZER = DeserializerSegWit
    RPC_PORT = 11822
    TX_COUNT, TX_COUNT_HEIGHT, TX_PER_BLOCK = 1, 1, 1


coins.CounosXRegtest = CounosXRegtest
electrumx_server.main()
