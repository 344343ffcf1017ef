"""What can be looked for, in order of precedence: where two overlap, the one named first is meant."""

from __future__ import annotations

from enum import StrEnum


class Entity(StrEnum):
    """Presidio's names. A card number holds what looks like a phone, never the other way round: so cards come first."""

    EMAIL_ADDRESS = "EMAIL_ADDRESS"
    CREDIT_CARD = "CREDIT_CARD"
    IBAN_CODE = "IBAN_CODE"
    CRYPTO = "CRYPTO"
    IT_FISCAL_CODE = "IT_FISCAL_CODE"
    IT_VAT_CODE = "IT_VAT_CODE"
    MAC_ADDRESS = "MAC_ADDRESS"
    IP_ADDRESS = "IP_ADDRESS"
    IT_HEALTH_CARD = "IT_HEALTH_CARD"
    PASSPORT = "PASSPORT"
    DRIVER_LICENSE = "DRIVER_LICENSE"
    IT_IDENTITY_CARD = "IT_IDENTITY_CARD"
    UK_NINO = "UK_NINO"
    US_SSN = "US_SSN"
    UK_NHS = "UK_NHS"
    LICENSE_PLATE = "LICENSE_PLATE"
    DATE_OF_BIRTH = "DATE_OF_BIRTH"
    PHONE_NUMBER = "PHONE_NUMBER"
    ADDRESS = "ADDRESS"
    PERSON = "PERSON"
    HEALTH = "HEALTH"
    SEXUAL_LIFE = "SEXUAL_LIFE"
    CRIMINAL = "CRIMINAL"
    UNION = "UNION"
    RELIGION = "RELIGION"
    POLITICS = "POLITICS"
    ETHNICITY = "ETHNICITY"


SPECIAL = (
    Entity.HEALTH,
    Entity.SEXUAL_LIFE,
    Entity.CRIMINAL,
    Entity.UNION,
    Entity.RELIGION,
    Entity.POLITICS,
    Entity.ETHNICITY,
)
"""What the law protects most (GDPR art. 9 and 10), said of somebody who can be recognised."""

IN_WORDS = frozenset({Entity.PERSON, Entity.ADDRESS, *SPECIAL})
"""What is told in words: nobody spells that out digit by digit."""

PRECEDENCE = {entity: rank for rank, entity in enumerate(Entity)}

LABELS = {
    Entity.EMAIL_ADDRESS: "EMAIL",
    Entity.CREDIT_CARD: "CARD",
    Entity.IBAN_CODE: "IBAN",
    Entity.CRYPTO: "WALLET",
    Entity.IT_FISCAL_CODE: "FISCAL_CODE",
    Entity.IT_VAT_CODE: "VAT",
    Entity.MAC_ADDRESS: "MAC",
    Entity.IP_ADDRESS: "IP",
    Entity.IT_HEALTH_CARD: "ID_DOCUMENT",
    Entity.PASSPORT: "ID_DOCUMENT",
    Entity.DRIVER_LICENSE: "ID_DOCUMENT",
    Entity.IT_IDENTITY_CARD: "ID_DOCUMENT",
    Entity.UK_NINO: "NINO",
    Entity.US_SSN: "SSN",
    Entity.UK_NHS: "NHS",
    Entity.PHONE_NUMBER: "PHONE",
    Entity.LICENSE_PLATE: "PLATE",
    Entity.DATE_OF_BIRTH: "DATE_OF_BIRTH",
    Entity.ADDRESS: "ADDRESS",
    Entity.PERSON: "PERSON",
    **dict.fromkeys(SPECIAL, "PRIVATE"),
}
"""What stands in place of each, where the text is stored or shown to others."""
