"""The three networks: what an address, a key, a port and the first block look like on each.

Source: the chain parameters of Counos X Core 0.17.2. Consensus rules are not here: a wallet needs
none of them.
"""

from dataclasses import dataclass

from ccxx_core.hashes import BlockHash, parse_block_hash

# BIP 137's magic text of this chain, hashed in front of every signed message.
SIGNED_MESSAGE_MAGIC = b"CounosX Signed Message:\n"


@dataclass(frozen=True, slots=True)
class Network:
    """One network: prefixes are single version bytes, the hash is in internal order."""

    name: str
    chain: str
    magic: bytes
    p2p_port: int
    rpc_port: int
    p2pkh_prefix: int
    p2sh_prefix: int
    p2sh_read_prefixes: tuple[int, ...]
    wif_prefix: int
    bech32_hrp: str
    bip32_public: bytes
    bip32_private: bytes
    coin_type: int
    genesis_hash: BlockHash
    data_folder: str


MAIN = Network(
    name="main",
    chain="main",
    magic=bytes.fromhex("fbc0b6db"),
    p2p_port=10841,
    rpc_port=11841,
    p2pkh_prefix=137,
    p2sh_prefix=75,
    p2sh_read_prefixes=(5, 75),
    wif_prefix=176,
    bech32_hrp="ccx",
    bip32_public=bytes.fromhex("0688b21e"),
    bip32_private=bytes.fromhex("0688ade4"),
    coin_type=571,
    genesis_hash=parse_block_hash(
        "8e15c88559d5b7e201a53c26245262a19ca870970d56196f806f6d208aba0de4"
    ),
    data_folder="",
)
TEST = Network(
    name="test",
    chain="test",
    magic=bytes.fromhex("fdd2c8f1"),
    p2p_port=10821,
    rpc_port=11821,
    p2pkh_prefix=111,
    p2sh_prefix=58,
    p2sh_read_prefixes=(58, 196),
    wif_prefix=239,
    bech32_hrp="tccx",
    bip32_public=bytes.fromhex("043587cf"),
    bip32_private=bytes.fromhex("04358394"),
    coin_type=1,
    genesis_hash=parse_block_hash(
        "8d7773dbbe67d8de969ae43466c220447cc3d37521d8a80041c0db9dbcdad6a7"
    ),
    data_folder="testnet4",
)
REGTEST = Network(
    name="regtest",
    chain="regtest",
    magic=bytes.fromhex("fabfb5da"),
    p2p_port=19444,
    rpc_port=11822,
    p2pkh_prefix=111,
    p2sh_prefix=58,
    p2sh_read_prefixes=(58, 196),
    wif_prefix=239,
    bech32_hrp="rccx",
    bip32_public=bytes.fromhex("043587cf"),
    bip32_private=bytes.fromhex("04358394"),
    coin_type=1,
    genesis_hash=parse_block_hash(
        "923aaec7e5936eceaba52f4e81d1ce97964d4a8e805220bb916fba7ae14227b1"
    ),
    data_folder="regtest",
)
NETWORKS = {network.chain: network for network in (MAIN, TEST, REGTEST)}
