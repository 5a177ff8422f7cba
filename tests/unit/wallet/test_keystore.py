"""The key file keeps its secret, its mode and the old file on failure."""

import json
import stat
from pathlib import Path

import pytest

from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.keystore import Argon2Parameters, SeedPhrase, load_phrase, save_phrase

CHEAP = Argon2Parameters(memory_kib=64, iterations=1, lanes=1)
PHRASE = SeedPhrase("abandon " * 11 + "about")


def test_a_phrase_comes_back_with_its_passphrase(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    save_phrase(path, PHRASE, "correct horse", CHEAP)

    opened = load_phrase(path, "correct horse")

    assert opened.reveal() == PHRASE.reveal()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_neither_the_file_nor_the_object_shows_the_phrase(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"

    save_phrase(path, PHRASE, "correct horse", CHEAP)

    assert "abandon" not in path.read_text()
    assert "abandon" not in repr(PHRASE) + str(PHRASE)


def test_a_wrong_passphrase_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    save_phrase(path, PHRASE, "correct horse", CHEAP)

    with pytest.raises(WalletError) as error:
        load_phrase(path, "battery staple")

    assert error.value.refusal is Refusal.WRONG_PASSPHRASE


def test_an_existing_key_file_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    save_phrase(path, PHRASE, "one", CHEAP)
    before = path.read_bytes()

    with pytest.raises(WalletError) as error:
        save_phrase(path, PHRASE, "two", CHEAP)

    assert error.value.refusal is Refusal.WALLET_EXISTS
    assert path.read_bytes() == before


@pytest.mark.parametrize("cut", [0, 1, 50, 200])
def test_a_truncated_key_file_is_called_damaged(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "keys.json"
    save_phrase(path, PHRASE, "x", CHEAP)
    path.write_bytes(path.read_bytes()[:cut])

    with pytest.raises(WalletError) as error:
        load_phrase(path, "x")

    assert error.value.refusal is Refusal.DAMAGED_KEY_FILE


def test_a_file_may_not_ask_for_endless_work(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    save_phrase(path, PHRASE, "x", CHEAP)
    document = json.loads(path.read_text())
    document["kdf"]["iterations"] = 10**9
    path.write_text(json.dumps(document))

    with pytest.raises(WalletError) as error:
        load_phrase(path, "x")

    assert error.value.refusal is Refusal.DAMAGED_KEY_FILE


def test_an_empty_passphrase_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"

    with pytest.raises(WalletError) as error:
        save_phrase(path, PHRASE, "", CHEAP)

    assert error.value.refusal is Refusal.WRONG_PASSPHRASE
    assert not path.exists()


@pytest.mark.parametrize("number", [3.0, True, "3", None])
def test_a_parameter_that_is_no_whole_number_is_called_damaged(
    tmp_path: Path, number: object
) -> None:
    path = tmp_path / "keys.json"
    save_phrase(path, PHRASE, "x", CHEAP)
    document = json.loads(path.read_text())
    document["kdf"]["iterations"] = number
    path.write_text(json.dumps(document))

    with pytest.raises(WalletError) as error:
        load_phrase(path, "x")

    assert error.value.refusal is Refusal.DAMAGED_KEY_FILE
