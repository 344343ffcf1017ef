"""What is sealed opens with the right key, for what it belongs to, and not otherwise."""

from pathlib import Path

import pytest

from bot.audit.vault import Vault, VaultError


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    wrapped, sealed = Vault.open(tmp_path / "keys").seal(b"bozza", b"s_1")
    assert Vault.open(tmp_path / "keys").unseal(wrapped, sealed, b"s_1") == b"bozza"
    assert ((tmp_path / "keys" / "master.key").stat().st_mode & 0o777) == 0o600


def test_the_sealed_bytes_tell_nothing() -> None:
    vault = Vault(bytes(32))
    first, second = vault.seal(b"bozza" * 9, b"s_1"), vault.seal(b"bozza" * 9, b"s_1")
    assert b"bozza" not in b"".join([*first, *second])
    assert first != second


@pytest.mark.parametrize("change", ["wrapped", "sealed", "about", "master"])
def test_any_change_is_refused(change: str) -> None:
    wrapped, sealed = Vault(bytes(32)).seal(b"bozza", b"s_1")
    opener = Vault(bytes([1]) * 32) if change == "master" else Vault(bytes(32))
    with pytest.raises(VaultError):
        opener.unseal(
            wrapped[:-1] + b"\0" if change == "wrapped" else wrapped,
            b"" if change == "sealed" else sealed,
            b"s_2" if change == "about" else b"s_1",
        )


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_of_the_wrong_length_names_its_file(tmp_path: Path, length: int) -> None:
    (tmp_path / "master.key").write_bytes(bytes(length))
    with pytest.raises(VaultError, match=r"master\.key"):
        Vault.open(tmp_path)
