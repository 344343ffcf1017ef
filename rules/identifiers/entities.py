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
    IT_PASSPORT = "IT_PASSPORT"
    IT_DRIVER_LICENSE = "IT_DRIVER_LICENSE"
    IT_IDENTITY_CARD = "IT_IDENTITY_CARD"
    UK_NINO = "UK_NINO"
    US_SSN = "US_SSN"
    UK_NHS = "UK_NHS"
    PHONE_NUMBER = "PHONE_NUMBER"
    PERSON = "PERSON"


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
    Entity.IT_PASSPORT: "ID_DOCUMENT",
    Entity.IT_DRIVER_LICENSE: "ID_DOCUMENT",
    Entity.IT_IDENTITY_CARD: "ID_DOCUMENT",
    Entity.UK_NINO: "NINO",
    Entity.US_SSN: "SSN",
    Entity.UK_NHS: "NHS",
    Entity.PHONE_NUMBER: "PHONE",
    Entity.PERSON: "PERSON",
}
"""What stands in place of each, where the text is stored or shown to others."""
