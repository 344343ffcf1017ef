"""Every way to look for a breach. To add one: write a file here and name it in `Rule`."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from rules.detectors.address import Address
from rules.detectors.base import BaseRule
from rules.detectors.capitalization import Capitalization
from rules.detectors.conditional import Conditional
from rules.detectors.consistency import Consistency
from rules.detectors.dictionary import Dictionary
from rules.detectors.disclosure import Disclosure
from rules.detectors.exact_match import ExactMatch
from rules.detectors.fingerprint import Fingerprint
from rules.detectors.internal_link import InternalLink
from rules.detectors.judge import JudgeRule
from rules.detectors.metric import Metric
from rules.detectors.occurrence import Occurrence
from rules.detectors.paraphrase import Paraphrase
from rules.detectors.pattern import PatternRule
from rules.detectors.personal_data import PersonalData
from rules.detectors.phrases import Phrases
from rules.detectors.platform import Platform
from rules.detectors.repetition import Repetition
from rules.detectors.reply import ReplyRule
from rules.detectors.secret import SecretRule
from rules.detectors.shouting import Shouting
from rules.detectors.substitution import Substitution
from rules.detectors.topic import TopicRule
from rules.detectors.toxicity import Toxicity

Rule = Annotated[
    Phrases
    | Substitution
    | PatternRule
    | Occurrence
    | Repetition
    | Consistency
    | Address
    | Conditional
    | Capitalization
    | Metric
    | Shouting
    | Platform
    | PersonalData
    | SecretRule
    | InternalLink
    | Dictionary
    | ExactMatch
    | Fingerprint
    | Paraphrase
    | Toxicity
    | JudgeRule
    | ReplyRule
    | Disclosure
    | TopicRule,
    Field(discriminator="detector"),
]

DETECTORS: dict[str, type[BaseRule]] = {
    name: kind for kind in get_args(get_args(Rule)[0]) for name in get_args(kind.model_fields["detector"].annotation)
}
"""Each detector's class by the name that policies call it."""
