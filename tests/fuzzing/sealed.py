"""Bytes that say that they were sealed or packed here, receipts, tokens of a provider: believed only if they are."""

from __future__ import annotations

import asyncio
import base64
import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from fuzzing.target import Check, Target
from fuzzing.words import any_texts, damaged, damages, edits, mutated, values
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey
from pydantic import SecretStr

from bot.audit.seals import Seals
from bot.audit.vault import Vault, VaultError
from bot.bundles import Unsound, bundled, laid_out, own_files, packed, together, unpacked
from bot.console.provider import NotLetIn, Provider
from bot.oidc import Terms
from bot.receipts import Receipts, Validity, as_published, bare, shown
from bot.store import Store
from rules.assembly import SHIPPED

_ISSUER, _CLIENT, _NONCE, _NOW = "https://login.acme.example", "client-1", "a-nonce", 1_800_000_000


@contextmanager
def _bundles() -> Iterator[Check]:
    whole = packed(SHIPPED / "company.yaml")

    def check(given: tuple[Any, ...]) -> None:
        kind, files, layout, damage = given
        raw = whole if kind == "whole" else _zip(files, layout, kind)
        raw = damaged(raw, damage)
        try:
            found, said = unpacked(raw)
        except Unsound:
            return
        assert own_files(found, said)[0] in found
        flat, top = together(found, said)
        with tempfile.TemporaryDirectory() as folder:
            inside = Path(folder) / "inside"
            inside.mkdir()
            laid_out(flat, inside)
            assert (inside / top).is_file()
            assert [each.name for each in Path(folder).iterdir()] == ["inside"]
        if not damage and kind == "whole":
            assert bundled(found, said) == whole

    yield check


def _zip(files: list[tuple[str, bytes]], layout: Any, kind: str) -> bytes:
    held = BytesIO()
    how = {"bz2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA, "stored": zipfile.ZIP_STORED}.get(
        kind, zipfile.ZIP_DEFLATED
    )
    with zipfile.ZipFile(held, "w", how) as archive:
        archive.comment = (layout if isinstance(layout, bytes) else json.dumps(layout).encode())[:65_000]
        for name, content in dict(files).items():
            archive.writestr(zipfile.ZipInfo(name), content, how)
    return held.getvalue()


_names = st.one_of(
    st.sampled_from(
        [
            "policy/a.yaml",
            "policy/b.yaml",
            "policy/a.yaml/c",
            "shipped/a.yaml",
            "policy",
            "policy/",
            "shipped/",
            "policy//x",
            "policy/../x",
            "../x",
            "/x",
            "policy/./a",
            "policy\\..\\x",
            "C:/x",
            "policy/" + "a" * 300,
            "policy/" + "a/" * 200 + "b",
        ]
    ),
    st.builds("policy/{}".format, st.text(max_size=5)),
)
_layouts = st.one_of(
    st.fixed_dictionaries(
        {"policy": _names, "shipped": st.sampled_from(["shipped", "policy/shipped", "policy", "", "..", "x"]) | values}
    ),
    st.sampled_from([b"", b"{", b"[" * 60_000, b'{"policy":' * 9_000, b"\xff", b"null", b"1" * 5_000]),
    values,
)
_zips = st.tuples(
    st.sampled_from(["whole", "deflated", "deflated", "bz2", "lzma", "stored"]),
    st.lists(st.tuples(_names, st.binary(max_size=40)), max_size=3),
    _layouts,
    st.one_of(st.just([]), damages),
)


@contextmanager
def _vault() -> Iterator[Check]:
    vault, other = Vault(b"k" * 32), Vault(b"o" * 32)
    seals = Seals(vault, b"n" * 32)

    def check(given: tuple[bytes, bytes, list[Any], list[Any], bytes]) -> None:
        plain, about, first, second, free = given
        wrapped, sealed = vault.seal(plain, about)
        changed = damaged(wrapped, first), damaged(sealed, second)
        try:
            assert vault.unseal(*changed, about) == plain
            assert changed == (wrapped, sealed)
        except VaultError:
            assert changed != (wrapped, sealed)
        for opened in (
            lambda: other.unseal(wrapped, sealed, about),
            lambda: vault.unseal(wrapped, sealed, about + b"."),
            lambda: vault.unseal(free, sealed, about),
            lambda: vault.unseal(wrapped, free, about),
            lambda: seals.unsealed_by(free, "p_1", sealed, about),
        ):
            try:
                opened()
            except VaultError:
                continue
            raise AssertionError("it opened what it had not sealed")

    yield check


@contextmanager
def _receipts() -> Iterator[Check]:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/vaglio.db")
        store.migrate()
        receipts = Receipts(store, b"r" * 32)

        def check(given: tuple[str, str, str, str]) -> None:
            text, other, typed, policy = given
            code = receipts.give(
                screening="s_1",
                text=text,
                policy="a@1",
                outcome="clear",
                context="post support x",
                at=datetime.now(UTC),
            )
            assert receipts.verify(shown(code).lower(), text, "a@1").validity is Validity.VALID
            assert receipts.verify(code, f"{text}\r\n ", "a@1").validity is Validity.VALID
            same = as_published(text) == as_published(other)
            expected = (Validity.VALID if policy == "a@1" else Validity.SUPERSEDED) if same else Validity.EDITED
            assert receipts.verify(code, other, policy).validity is expected
            if bare(typed) != code:
                assert receipts.verify(typed, text, "a@1").validity is not Validity.VALID or len(bare(typed)) == 8

        yield check
        store.close()


@contextmanager
def _tokens() -> Iterator[Check]:
    ours, theirs = (RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}) for kid in ("first", "first"))
    terms = Terms(
        _ISSUER, _CLIENT, SecretStr("secret"), "https://vaglio.acme.example", domains=frozenset({"acme.example"})
    )
    provider = Provider(terms, now=lambda: float(_NOW))
    metadata = {name: f"{_ISSUER}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")} | {
        "issuer": _ISSUER
    }
    provider._known, provider._keys = (_NOW, metadata), (_NOW, KeySet([ours]))
    given: dict[str, Any] = {}

    async def exchange(*_: object) -> Any:
        return given

    provider._exchange = exchange  # type: ignore[method-assign]
    whole = {
        "iss": _ISSUER,
        "aud": _CLIENT,
        "iat": _NOW,
        "exp": _NOW + 300,
        "nonce": _NONCE,
        "sub": "person-1",
        "email": "anna@acme.example",
        "email_verified": True,
    }

    def check(case: tuple[Any, ...]) -> None:
        claims, header, who, damage, raw, more = case
        said, head = mutated(whole, claims), mutated({"alg": "RS256", "kid": "first"}, header)
        token = _signed(head, said, ours if who == "ours" else theirs, raw)
        changed = damaged(token, damage)
        given.clear()
        given.update(
            {"id_token": changed.decode("latin-1"), "access_token": "a"} if more is None else {"id_token": more}
        )
        try:
            colleague = asyncio.run(provider.finish("code", _NONCE, "verifier"))
        except NotLetIn:
            return
        assert changed == token, "another token than was signed"
        assert who == "ours", "somebody else's signature"
        assert raw is None
        assert said["iss"] == _ISSUER
        assert said["nonce"] == _NONCE
        assert said["aud"] == _CLIENT or _CLIENT in said["aud"]
        assert said["exp"] > _NOW - 61
        assert colleague.account.startswith("oidc:") or said["sub"]
        assert said["email"].strip().lower().endswith("@acme.example")
        assert said["email_verified"] in (True, "true")

    yield check


def _signed(header: Any, claims: Any, key: Any, raw: bytes | None) -> bytes:
    """As the provider signs; what no library would sign is put together by hand, under a signature of zeros."""
    if raw is None and header == {"alg": "RS256", "kid": "first"} and isinstance(claims, dict):
        with suppress(ValueError, TypeError, JoseError):
            return jwt.encode(header, claims, key, algorithms=["RS256"]).encode()
    parts = (json.dumps(header).encode(), json.dumps(claims).encode() if raw is None else raw, b"\0" * 256)
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)


_cases = st.tuples(
    edits,
    st.one_of(st.just([]), st.just([]), edits),
    st.sampled_from(["ours", "ours", "theirs"]),
    st.one_of(st.just([]), damages),
    st.one_of(
        st.none(), st.none(), st.binary(max_size=30), st.sampled_from([b"[" * 100_000, b'{"a":' * 50_000, b"1" * 5_000])
    ),
    st.one_of(st.none(), st.none(), st.none(), values),
)

TARGETS = (
    Target("bundles", _zips, _bundles, few=40),
    Target(
        "sealed",
        st.tuples(st.binary(max_size=60), st.binary(max_size=9), damages, damages, st.binary(max_size=90)),
        _vault,
        few=40,
    ),
    Target("receipts", st.tuples(any_texts, any_texts, any_texts, st.sampled_from(["a@1", "b@1"])), _receipts),
    Target("tokens", _cases, _tokens),
)
