"""What the judge can say of a draft: its labels, in families, and how far each one reaches."""

from __future__ import annotations

TOXICITY = (
    "toxicity",
    "insult",
    "obscene",
    "blasphemy",
    "threat",
    "identity_attack",
    "sexual_explicit",
    "harassment",
)
"""`toxicity` is any of the others; names that Detoxify has too mean what they mean there."""
CONFIDENTIAL = (
    "unannounced_results",
    "unannounced_deal",
    "layoffs",
    "unreleased_product",
    "security_incident",
    "dispute",
    "client_confidential",
    "colleague_private",
    "internal_plans",
    "internal_talk",
    "credential",
    "special_category",
)
"""`credential`: a password or code told in words; `special_category`: of somebody, what GDPR art. 9 and 10 protect."""
TONE = (
    "clickbait",
    "false_urgency",
    "customers_as_prey",
    "absolute_promise",
    "disparagement",
    "condescension",
    "sarcasm_at_customer",
    "jargon",
    "protected_speech",
)
PROTECTED = "protected_speech"
"""No fault: lawful complaint about the writer's own employer."""
REPLY = (
    "bounces",
    "blames",
    "dismisses",
    "ignores_question",
    "ignores_feeling",
    "no_next_step",
    "asks_data_publicly",
    "promises_compensation",
    "admits_liability",
)
"""Of a reply, held against what it answers."""
DISCLOSURE = ("hidden_employer", "hidden_gift", "hidden_paid")

FAMILIES = {"toxicity": TOXICITY, "confidential": CONFIDENTIAL, "tone": TONE, "reply": REPLY, "disclosure": DISCLOSURE}
LABELS = tuple(label for family in FAMILIES.values() for label in family)
"""In the order of the judge's outputs."""

WHOLE = frozenset({"ignores_question", "ignores_feeling", "no_next_step", *DISCLOSURE})
"""Labels for something that is missing: only the whole text can show that, one sentence never does."""
