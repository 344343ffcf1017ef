"""Check digits and the like: False rules a candidate out, True settles it, None leaves it to the words beside it."""

from __future__ import annotations

import ipaddress

import regex
import tldextract
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    CryptoRecognizer,
    ItFiscalCodeRecognizer,
    ItVatCodeRecognizer,
    MacAddressRecognizer,
    NhsRecognizer,
    UsSsnRecognizer,
)
from presidio_analyzer.predefined_recognizers.generic.iban_patterns import regex_per_country

_PRIVATE_SUFFIXES = (
    "example",
    "test",
    "invalid",
    "local",
    "localdomain",
    "lan",
    "internal",
    "intranet",
    "corp",
    "home",
)
"""Ends of domain names that are on no public list, and that companies use inside or in examples."""

_SUFFIXES = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, extra_suffixes=_PRIVATE_SUFFIXES)
"""Reads the list that comes with the library. The library's own instance fetches a newer one and writes it to disk."""

_AT = regex.compile(r" ?[(\[{] ?(?:at|chiocciola) ?[)\]}] ?| chiocciola | at ")
_DOT = regex.compile(r" ?[(\[{] ?(?:dot|punto) ?[)\]}] ?| punto | dot ")
_FEW_DIGITS = 4
_EVERYBODYS = frozenset({"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "255.255.255.255"})

_LUHN = CreditCardRecognizer()
_WALLET = CryptoRecognizer()
_FISCAL_CODE = ItFiscalCodeRecognizer()
_FISCAL_CODE_FORM = regex.compile(ItFiscalCodeRecognizer.PATTERNS[0].regex)
_VAT = ItVatCodeRecognizer()
_MAC = MacAddressRecognizer()
_SSN = UsSsnRecognizer()
_NHS = NhsRecognizer()


def email(written: str) -> bool:
    """Whether the domain can exist: `logo@2x.png` is a file, and `me at the dot com` is a manner of speaking."""
    plain = _DOT.sub(".", _AT.sub("@", written.lower()))
    local, _, domain = plain.rpartition("@")
    return local != "git" and not domain.startswith("the.") and bool(_SUFFIXES(domain).fqdn)


def card(written: str) -> bool | None:
    """A tenth of all numbers pass Luhn's check: passing settles nothing."""
    digits = _bare(written)
    return None if len(digits) >= 13 and len(set(digits)) > 1 and _LUHN.validate_result(digits) else False


def iban_length(characters: str) -> int | None:
    """How many of the `characters` (upper case, no spaces) are a valid IBAN: each country has its own length."""
    form = regex_per_country.get(characters[:2])
    whole = regex.match(form, characters) if form else None
    return whole.end() if whole and _checks_out(whole[0]) else None


def _checks_out(iban: str) -> bool:
    """The check of ISO 7064. Presidio's own has a time limit, and takes what it has no time for to be wrong."""
    return int("".join(str(int(c, 36)) for c in iban[4:] + iban[:4])) % 97 == 1


def wallet(written: str) -> bool | None:
    """An Ethereum address has its check in the case of its letters only: it is taken as it is."""
    return None if written[:2].lower() == "0x" else bool(_WALLET.validate_result(written))


def fiscal_code(written: str) -> bool:
    code = _bare(written)
    if code != written and sum(c.isdigit() for c in code) < _FEW_DIGITS:
        return False  # words in a row may look like a code in which letters stand for all digits
    return _FISCAL_CODE_FORM.fullmatch(code) is not None and _FISCAL_CODE.validate_result(code) is True


def vat(written: str) -> bool | None:
    digits = _bare(written).removeprefix("IT")
    return None if not digits.startswith("0000000") and _VAT.validate_result(digits) else False


def ip(written: str) -> bool | None:
    """A few addresses are everybody's, and `a::b` is a name in a program."""
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified or written in _EVERYBODYS:
        return False
    return None if address.version == 4 or len(written.replace(":", " ").split()) >= 3 else False


def mac(written: str) -> bool | None:
    digits = _bare(written)
    pairs = ":".join(digits[at : at + 2] for at in range(0, 12, 2))
    return False if _MAC.invalidate_result(pairs) else None


def ssn(written: str) -> bool | None:
    return False if _SSN.invalidate_result(written) else None


def nhs(written: str) -> bool | None:
    return None if _NHS.validate_result(_bare(written)) else False


def _bare(written: str) -> str:
    return "".join(c for c in written if c.isalnum()).upper()
