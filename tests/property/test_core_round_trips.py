"""Whatever can be written can be read back, and gives the same ids, sizes and digests."""

from dataclasses import replace

from bitcoin.core import CMutableTransaction, CTransaction
from bitcoin.core.script import CScript, SignatureHash
from hypothesis import given, settings
from hypothesis import strategies as st

from ccxx_core.address import decode_address, encode_address
from ccxx_core.amount import MAX_MONEY, format_amount, parse_amount
from ccxx_core.base58 import decode_base58check, encode_base58check
from ccxx_core.bech32 import Encoding, decode_bech32, encode_bech32, regroup_bits
from ccxx_core.bip32 import KeyOrigin, format_path, mnemonic_to_seed, new_mnemonic, parse_path
from ccxx_core.block import Block, BlockHeader, bits_from_target, target_from_bits
from ccxx_core.encoding import MAX_SIZE, encode_compact_size, read_compact_size
from ccxx_core.hashes import hash160, sha256
from ccxx_core.keys import PrivateKey, verify_signature
from ccxx_core.merkle import merkle_branch, merkle_root, root_from_branch
from ccxx_core.network import NETWORKS, REGTEST
from ccxx_core.psbt import Psbt, PsbtInput, PsbtOutput
from ccxx_core.script import (
    build_script,
    count_sigops,
    p2wsh_script,
    push_data,
    read_ops,
    solve_script,
    sorted_multisig_script,
)
from ccxx_core.sighash import SIGHASH_SINGLE, legacy_sighash, segwit_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput

relaxed = settings(deadline=None, max_examples=60)

uint32 = st.integers(0, 0xFFFFFFFF)
int32 = st.integers(-(2**31), 2**31 - 1)
hashes = st.binary(min_size=32, max_size=32)
scripts = st.binary(max_size=300)
well_formed_scripts = st.lists(st.binary(max_size=90) | st.integers(0x4F, 0xFF), max_size=8).map(
    lambda items: build_script(*items)
)
amounts = st.integers(0, MAX_MONEY)
witnesses = st.lists(st.binary(max_size=300), max_size=5).map(tuple)
outpoints = st.builds(OutPoint, hashes, uint32)
outputs = st.builds(TxOutput, st.integers(-(2**63), 2**63 - 1), scripts)
unsigned_inputs = st.builds(TxInput, outpoints, st.just(b""), uint32, st.just(()))
inputs = st.builds(TxInput, outpoints, scripts, uint32, witnesses)
networks = st.sampled_from(list(NETWORKS.values()))
secrets = st.binary(min_size=1, max_size=9).map(sha256)


def transactions_of(
    tx_inputs: st.SearchStrategy[TxInput],
) -> st.SearchStrategy[Transaction]:
    """Transactions with one input or more, each of another output."""
    return st.builds(
        Transaction,
        int32,
        st.lists(tx_inputs, min_size=1, max_size=5, unique_by=lambda each: each.prevout).map(tuple),
        st.lists(outputs, max_size=5).map(tuple),
        uint32,
    )


transactions = transactions_of(inputs)
headers = st.builds(BlockHeader, int32, hashes, hashes, uint32, uint32, uint32)
blocks = st.builds(Block, headers, st.lists(transactions, max_size=4).map(tuple))

key_pool = [PrivateKey(sha256(bytes([number]))) for number in range(6)]
public_keys = st.sampled_from([key.public_key for key in key_pool])
origins = st.dictionaries(
    public_keys,
    st.builds(
        KeyOrigin, st.binary(min_size=4, max_size=4), st.lists(uint32, max_size=6).map(tuple)
    ),
    max_size=3,
).map(lambda known: tuple(sorted(known.items())))
unknown = st.dictionaries(
    st.binary(max_size=20).map(lambda key: b"\xf0" + key), scripts, max_size=3
).map(lambda known: tuple(sorted(known.items())))
signatures = st.dictionaries(public_keys, scripts, max_size=4).map(
    lambda known: tuple(sorted(known.items()))
)
psbt_inputs = st.builds(
    PsbtInput,
    st.none() | transactions,
    st.none() | outputs,
    st.none() | scripts,
    st.none() | scripts,
    origins,
    signatures,
    st.none() | uint32,
    st.none() | scripts,
    st.none() | witnesses,
    unknown,
)
psbt_outputs = st.builds(PsbtOutput, st.none() | scripts, st.none() | scripts, origins, unknown)


@st.composite
def psbts(draw: st.DrawFn) -> Psbt:
    """PSBTs that are well formed, though not meaningful."""
    tx = draw(transactions_of(unsigned_inputs))
    return Psbt(
        tx,
        tuple(draw(psbt_inputs) for _ in tx.inputs),
        tuple(draw(psbt_outputs) for _ in tx.outputs),
        draw(st.none() | st.sampled_from(list(NETWORKS))),
        draw(st.none() | hashes),
        draw(unknown),
    )


@relaxed
@given(transactions)
def test_transactions_come_back(tx: Transaction) -> None:
    decoded = Transaction.decode(tx.encode())

    assert decoded == tx
    assert (decoded.txid, decoded.wtxid) == (tx.txid, tx.wtxid)
    assert (decoded.size, decoded.weight) == (tx.size, tx.weight)
    assert len(tx.encode()) == tx.size
    assert Transaction.decode(tx.encode_without_witness()).txid == tx.txid


@relaxed
@given(transactions)
def test_python_bitcoinlib_gives_the_same_ids(tx: Transaction) -> None:
    other = CTransaction.deserialize(tx.encode())

    assert (other.GetTxid(), other.serialize()) == (tx.txid, tx.encode())


@relaxed
@given(transactions, st.integers(0, 4), well_formed_scripts, st.integers(0, 255), amounts)
def test_python_bitcoinlib_gives_the_same_digests(
    tx: Transaction, index: int, script: bytes, hash_type: int, value: int
) -> None:
    index %= len(tx.inputs)
    # python-bitcoinlib packs it with a sign.
    tx = replace(tx, locktime=tx.locktime & 0x7FFFFFFF)
    other = CMutableTransaction.from_tx(CTransaction.deserialize(tx.encode()))

    segwit = SignatureHash(CScript(script), other, index, hash_type, amount=value, sigversion=1)

    assert segwit_sighash(tx, index, script, value, hash_type) == segwit
    # Where no output matches, it raises: the number one is in the reference's own cases. And it
    # will not give the legacy digest of a witness program, which nobody ever signs.
    has_output = hash_type & 0x1F != SIGHASH_SINGLE or index < len(tx.outputs)
    if has_output and not CScript(script).is_witness_scriptpubkey():
        legacy = SignatureHash(CScript(script), other, index, hash_type)
        assert legacy_sighash(tx, index, script, hash_type) == legacy


@relaxed
@given(blocks)
def test_blocks_come_back(block: Block) -> None:
    decoded = Block.decode(block.encode())

    assert decoded == block
    assert (decoded.size, decoded.weight) == (len(block.encode()), block.weight)
    assert BlockHeader.decode(block.header.encode()) == block.header


@relaxed
@given(psbts())
def test_psbts_come_back(psbt: Psbt) -> None:
    encoded = psbt.encode()

    assert Psbt.decode(encoded) == psbt
    assert Psbt.decode(encoded).encode() == encoded
    assert Psbt.decode(psbt.to_base64()) == psbt


@relaxed
@given(psbts(), st.lists(st.sets(st.integers(0, 5)), min_size=1, max_size=4), st.randoms())
def test_signatures_are_joined_in_any_order(psbt: Psbt, signers: list[set[int]], random) -> None:
    bare = replace(psbt, inputs=tuple(replace(i, signatures=()) for i in psbt.inputs))
    copies = [
        replace(
            bare,
            inputs=tuple(
                replace(
                    known,
                    signatures=tuple(sorted((key_pool[n].public_key, bytes([n])) for n in chosen)),
                )
                for known in bare.inputs
            ),
        )
        for chosen in signers
    ]
    shuffled = random.sample(copies, len(copies))

    combined = Psbt.combine(copies)

    assert Psbt.combine(shuffled).encode() == combined.encode()
    assert {key for key, _ in combined.inputs[0].signatures} == {
        key_pool[n].public_key for chosen in signers for n in chosen
    }


@relaxed
@given(st.integers(1, 5), st.data())
def test_multisig_is_finished_by_enough_signers_and_not_by_fewer(count: int, data) -> None:
    required = data.draw(st.integers(1, count))
    signers = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    keys = key_pool[:count]
    script = sorted_multisig_script(required, [key.public_key for key in keys])
    tx = Transaction(2, (TxInput(OutPoint(bytes(32), 0)),), (TxOutput(1, b"\x51"),))
    spent = TxOutput(1000, p2wsh_script(script))
    psbt = Psbt.create(tx, [PsbtInput(witness_utxo=spent, witness_script=script)])

    for number in signers:
        psbt = psbt.sign_with(keys[number])

    complete = psbt.missing_signatures() == ((),)
    assert complete == (len(signers) >= required)
    if complete:
        assert len(psbt.finalize().inputs[0].witness) == required + 2


@relaxed
@given(st.lists(st.binary(max_size=600) | st.integers(0x4F, 0xFF), max_size=12))
def test_scripts_are_read_as_they_were_built(items: list[bytes | int]) -> None:
    script = build_script(*items)

    found = [op if data is None else data for op, data, _ in read_ops(script)]

    assert found == items
    assert count_sigops(script, accurate=True) <= count_sigops(script, accurate=False)


@relaxed
@given(st.binary(max_size=70_000))
def test_pushes_come_back(data: bytes) -> None:
    ((_, pushed, end),) = read_ops(push_data(data))

    assert (pushed, end) == (data, len(push_data(data)))


@relaxed
@given(networks, st.sampled_from([0, 1, 2, 3]), hashes, st.integers(2, 40), st.integers(1, 16))
def test_addresses_come_back(network, kind: int, data: bytes, length: int, version: int) -> None:
    program = (data * 2)[:length]
    script = [
        b"\x76\xa9\x14" + data[:20] + b"\x88\xac",
        b"\xa9\x14" + data[:20] + b"\x87",
        b"\x00" + push_data(data if version & 1 else data[:20]),
        bytes([0x50 + version]) + push_data(program),
    ][kind]

    address = encode_address(script, network)

    assert address is not None
    assert decode_address(address, network) == script
    assert solve_script(script).solutions


@relaxed
@given(st.binary(max_size=90))
def test_base58_comes_back(payload: bytes) -> None:
    if payload:
        assert decode_base58check(encode_base58check(payload)) == payload


@relaxed
@given(st.binary(max_size=40), st.sampled_from(list(Encoding)))
def test_bech32_comes_back(data: bytes, encoding: Encoding) -> None:
    groups = regroup_bits(data, 8, 5, pad=True)

    text = encode_bech32("ccx", groups, encoding)

    assert decode_bech32(text) == ("ccx", groups, encoding)
    assert bytes(regroup_bits(groups, 5, 8, pad=False)) == data


@relaxed
@given(st.integers(0, MAX_SIZE))
def test_lengths_come_back(value: int) -> None:
    encoded = encode_compact_size(value)

    assert read_compact_size(encoded, 0) == (value, len(encoded))


@relaxed
@given(st.integers(0, MAX_MONEY))
def test_amounts_come_back(satoshis: int) -> None:
    assert parse_amount(format_amount(satoshis)) == satoshis


@relaxed
@given(st.lists(uint32, max_size=10).map(tuple))
def test_paths_come_back(path: tuple[int, ...]) -> None:
    assert parse_path(format_path(path)) == path


@relaxed
@given(st.integers(1, 2**256 - 1))
def test_compact_targets_lose_less_than_three_bytes_of_precision(target: int) -> None:
    compact = target_from_bits(bits_from_target(target))

    assert compact is not None and compact <= target
    assert (target - compact) >> max(0, target.bit_length() - 15) == 0
    assert bits_from_target(compact) == bits_from_target(target)


@relaxed
@given(st.lists(hashes, min_size=1, max_size=20), st.data())
def test_every_merkle_branch_leads_to_the_root(leaves: list[bytes], data) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))

    branch = merkle_branch(leaves, index)

    assert root_from_branch(leaves[index], branch, index) == merkle_root(leaves)


@relaxed
@given(secrets, hashes, networks)
def test_keys_sign_and_come_back(secret: bytes, digest: bytes, network) -> None:
    key = PrivateKey(secret)

    assert verify_signature(key.public_key, key.sign(digest), digest)
    assert PrivateKey.from_wif(key.to_wif(network), network).secret == secret
    assert len(hash160(key.public_key)) == 20


@settings(deadline=None, max_examples=10)
@given(st.sampled_from([16, 24, 32]), st.data())
def test_words_of_any_entropy_are_read(length: int, data) -> None:
    words = new_mnemonic(data.draw(st.binary(min_size=length, max_size=length)))

    assert len(mnemonic_to_seed(words)) == 64
    assert REGTEST.coin_type == 1
