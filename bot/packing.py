"""Policies in one piece, whole: whoever goes on with something by them needs no file of theirs."""

from __future__ import annotations

import json
import zlib

from rules.policy import Policy


def packed(*policies: Policy) -> bytes:
    held = [policy.model_dump(mode="json", by_alias=True, exclude_unset=True) for policy in policies]
    return zlib.compress(json.dumps(held).encode())


def unpacked(held: bytes, *revisions: str) -> tuple[Policy, ...]:
    """As they were packed, under the names that they had then."""
    policies = tuple(Policy.model_validate_json(json.dumps(each)) for each in json.loads(zlib.decompress(held)))
    for policy, revision in zip(policies, revisions, strict=True):
        policy.__dict__["revision"] = revision
    return policies
