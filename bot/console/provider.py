"""The company's own sign-in, by OpenID Connect: a code for us alone, a token that is checked down to its signature."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from bot.accounts import is_account, provider_account
from bot.oidc import Terms, is_safe

_SCOPE: Final = "openid profile email"
_PATIENCE: Final = 10.0
"""Seconds for one answer of the provider's."""
_FRESH: Final = 3600.0
"""Seconds for which what the provider says of itself is kept."""
_PAUSE: Final = 60.0
"""Seconds between two looks for a key that was not there."""
_LEEWAY: Final = 60
"""Seconds by which its clock may differ from ours."""
_SIGNED_BY: Final = [
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
]
"""With a key that only the provider has. Never `none`, and never one that both sides know."""
_NONSENSE: Final = (ValueError, TypeError, KeyError, AttributeError)
"""What an answer comes to that is of another form than it should be."""
_TEAM, _USER = "https://slack.com/team_id", "https://slack.com/user_id"


class Why(StrEnum):
    """Why somebody is not let in."""

    UNREACHABLE = "unreachable"
    """The provider did not answer, or made no sense."""
    CODE = "code"
    """It does not take the code: it was used, or its time is over."""
    TOKEN = "token"  # noqa: S105 -- no secret: the name of a step
    """What it says of them cannot be believed."""
    ELSEWHERE = "elsewhere"
    """They belong to none of those who may come in."""
    UNVERIFIED = "unverified"
    """Their address would do, and the provider has not made sure that it is theirs."""


class NotLetIn(Exception):
    """Says why, and nothing of whom."""

    def __init__(self, why: Why) -> None:
        self.why = why
        super().__init__(why.value)


@dataclass(frozen=True, slots=True)
class Errand:
    """What goes with somebody to the provider, and must come back with them."""

    url: str
    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody whom the provider knows and the terms let in."""

    account: str
    e_mail: str | None = field(default=None, repr=False)
    """In small letters; None where the provider has not made sure of it."""


class Provider:
    """One provider. What it says of itself is asked for when it is first needed."""

    def __init__(self, terms: Terms, now: Callable[[], float] = time.time) -> None:
        """`now`: seconds since the epoch, against which tokens are held."""
        self.terms, self._now = terms, now
        self._known: tuple[float, Mapping[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def start(self) -> Errand:
        """Where to send somebody. Raises `NotLetIn`."""
        metadata = await self._metadata()
        nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        async with self._client(metadata) as client:
            url, state = client.create_authorization_url(
                metadata["authorization_endpoint"],
                code_verifier=verifier,
                state=secrets.token_urlsafe(24),
                nonce=nonce,
            )
        return Errand(str(url), str(state), nonce, verifier)

    async def finish(self, code: str, nonce: str, verifier: str) -> Colleague:
        """Whoever came back with `code`. Raises `NotLetIn`."""
        metadata = await self._metadata()
        given = await self._exchange(metadata, code, verifier)
        claims = await self._claims(metadata, given, nonce)
        return _admitted(claims, self.terms)

    # --- What the provider is asked ----------------------------------------------------------------------------------

    def _client(self, metadata: Mapping[str, Any]) -> AsyncOAuth2Client:
        methods = metadata.get("token_endpoint_auth_methods_supported") or ()
        return AsyncOAuth2Client(
            self.terms.client_id,
            self.terms.client_secret.get_secret_value(),
            token_endpoint_auth_method=(
                "client_secret_post" if "client_secret_post" in methods else "client_secret_basic"
            ),
            scope=_SCOPE,
            redirect_uri=self.terms.callback,
            code_challenge_method="S256",
            timeout=_PATIENCE,
        )

    async def _exchange(self, metadata: Mapping[str, Any], code: str, verifier: str) -> Mapping[str, Any]:
        try:
            async with self._client(metadata) as client:
                given = await client.fetch_token(
                    metadata["token_endpoint"], code=code, code_verifier=verifier, grant_type="authorization_code"
                )
            return dict(given)
        except OAuthError:
            raise NotLetIn(Why.CODE) from None
        except (httpx2.HTTPError, httpx2.InvalidURL, *_NONSENSE):
            raise NotLetIn(Why.UNREACHABLE) from None

    async def _claims(self, metadata: Mapping[str, Any], given: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        """What the identity token says, once it is known to be the provider's, new, and meant for this sign-in."""
        written = given.get("id_token")
        if not isinstance(written, str):
            raise NotLetIn(Why.TOKEN)
        try:
            token = await self._verified(metadata, written)
            claims = CodeIDToken(
                token.claims,
                token.header,
                options={
                    "iss": {"essential": True, "value": metadata["issuer"]},
                    "aud": {"essential": True, "value": self.terms.client_id},
                    "sub": {"essential": True},
                    "nonce": {"essential": True, "value": nonce},
                },
                params={
                    "nonce": nonce,
                    "client_id": self.terms.client_id,
                    "access_token": given.get("access_token"),
                },
            )
            claims.validate(now=int(self._now()), leeway=_LEEWAY)
        except (JoseError, *_NONSENSE):
            raise NotLetIn(Why.TOKEN) from None
        return dict(claims)

    async def _verified(self, metadata: Mapping[str, Any], written: str) -> jwt.Token:
        try:
            return jwt.decode(written, await self._key_set(metadata, older=_FRESH), algorithms=_SIGNED_BY)
        except InvalidKeyIdError:
            # Providers change their keys; whoever sends nonsense does not have them asked each time.
            return jwt.decode(written, await self._key_set(metadata, older=_PAUSE), algorithms=_SIGNED_BY)

    async def _key_set(self, metadata: Mapping[str, Any], older: float) -> KeySet:
        if self._keys is None or self._now() - self._keys[0] >= older:
            found = await self._get(metadata["jwks_uri"])
            try:
                self._keys = self._now(), KeySet.import_key_set(found)  # type: ignore[arg-type]
            except (JoseError, *_NONSENSE):
                raise NotLetIn(Why.UNREACHABLE) from None
        return self._keys[1]

    async def _metadata(self) -> Mapping[str, Any]:
        """What the provider says of itself. It must be the one that was asked, and reached safely throughout."""
        if self._known is None or self._now() - self._known[0] >= _FRESH:
            found = await self._get(f"{self.terms.issuer}/.well-known/openid-configuration")
            if str(found.get("issuer")).rstrip("/") != self.terms.issuer:
                raise NotLetIn(Why.UNREACHABLE)
            if not all(
                is_safe(str(found.get(name))) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
            ):
                raise NotLetIn(Why.UNREACHABLE)
            self._known = self._now(), found
        return self._known[1]

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            async with httpx2.AsyncClient(timeout=_PATIENCE) as client:
                answer = await client.get(url)
                answer.raise_for_status()
                found = answer.json()
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError):
            raise NotLetIn(Why.UNREACHABLE) from None
        if not isinstance(found, dict):
            raise NotLetIn(Why.UNREACHABLE)
        return found


def _admitted(claims: Mapping[str, Any], terms: Terms) -> Colleague:
    """Whose claims they are, if the terms let them in. Raises `NotLetIn`."""
    e_mail = claims.get("email")
    e_mail = e_mail.strip().lower() if isinstance(e_mail, str) else ""
    is_verified = claims.get("email_verified") in (True, "true")
    is_ours = e_mail.rpartition("@")[2] in terms.domains
    team = claims.get(_TEAM) if terms.is_slack else None
    if not ((isinstance(team, str) and team in terms.teams) or (is_ours and is_verified)):
        raise NotLetIn(Why.UNVERIFIED if is_ours else Why.ELSEWHERE)
    return Colleague(_account(claims, terms), e_mail if is_verified else None)


def _account(claims: Mapping[str, Any], terms: Terms) -> str:
    """In Slack the same as in the chat. Never by their address, which may be somebody else's tomorrow."""
    if not terms.is_slack:
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise NotLetIn(Why.TOKEN)
        return provider_account(terms.issuer, subject)
    account = f"slack:{claims.get(_TEAM)}:{claims.get(_USER)}"
    if not is_account(account):
        raise NotLetIn(Why.TOKEN)
    return account
