"""Words that speak for or against each kind of identifier, Italian and English together: posts mix them."""

from __future__ import annotations

from rules.identifiers.context import Hints
from rules.identifiers.entities import Entity


def _phrases(written: str) -> tuple[str, ...]:
    return tuple(" ".join(phrase.split()) for phrase in written.split(","))


_REFERENCES = _phrases("""
    ordin*, ticket*, pratica, protocollo, tracking, spedizion*, pacco, collo, lotto, matricola, articolo, codice, cod,
    polizza, contratto, numero cliente, codice cliente, isbn, ean, sku, modello, serie, segnalazion*, reclamo, fattura,
    bolletta, delibera, bando, passi,
    order, orders, case, case number, case no, parcel, shipment, part number, part no, serial, batch, lot, invoice, ref,
    reference, booking, model, item number, claim number, policy number, account number, customer number, steps
""")

_PHONE = _phrases("""
    tel, telefon*, cell, cellulare, cellulari, chiam*, richiam*, ricontatt*, contatt*, whatsapp, wapp, whats app,
    telegram, sms, scriv*, messaggi*, fisso, mobile, interno, fax, recapito, recapiti, risponde, rispondo, rispondono,
    squilla*, utenza, sim,
    int, phone, phones, call, calls, calling, ring, dial, cellphone, landline, wa me, 📞, ☎, 📱, 📲
""")
_PHONE_WEAK = _phrases("""
    numero, num, prenot*, info, informazioni, allo, diretto, linea, ufficio, casa,
    number, text, reach, contact, line, direct, office, home, desk, reservations
""")

_CARD = _phrases("""
    carta, carte, card, cards, visa, mastercard, amex, american express, maestro, bancomat, postepay, credit, debit, pan
""")
_VAT = _phrases("p iva, piva, partita iva, partite iva, iva, p i, codice fiscale, c f, cf, vat, tax number, tax code")
_IDENTITY_CARD = _phrases("""
    carta d identità, carta d identita, carta di identità, carta identità, carta identita, c i, cie, documento,
    identity card, id card, id document
""")
_DRIVER_LICENSE = _phrases("""
    patente, patenti, licenza di guida,
    driving licence, driving license, driver s license, driver s licence, drivers license, driver license
""")

_IP = _phrases("""
    ip, ipv4, ipv6, indirizzo, server, host, router, address, gateway, dns, vpn, ping, ssh, rete, network, traffic,
    subnet
""")
_VERSION_OR_PARAGRAPH = _phrases("""
    version*, v, ver, vers, rel, release*, build, firmware, aggiorna*, update*, upgrade*, patch, app, ios, android,
    windows, macos, kernel, driver,
    capitolo, paragrafo, sezione, articolo, art, comma, punto, chapter, section, paragraph, clause
""")
_MAC = _phrases("mac, hardware address, physical address, indirizzo fisico, ethernet, wifi, bluetooth")
_WALLET = _phrases("wallet, btc, bitcoin, eth, ethereum, crypto, portafoglio, donazioni, donations")

HINTS = {
    Entity.EMAIL_ADDRESS: Hints(_phrases("mail, email, e mail, pec, scriv*, write, indirizzo")),
    Entity.PHONE_NUMBER: Hints(_PHONE, _REFERENCES, _PHONE_WEAK),
    Entity.CREDIT_CARD: Hints(_CARD, (*_REFERENCES, "tessera", "fedeltà", "loyalty")),
    Entity.IT_VAT_CODE: Hints(_VAT),
    Entity.IT_IDENTITY_CARD: Hints(_IDENTITY_CARD, _phrases("protocollo, articolo, modello, serial*, part, model")),
    Entity.IT_PASSPORT: Hints(_phrases("passaporto, passaporti, passport, passports")),
    Entity.IT_DRIVER_LICENSE: Hints(_DRIVER_LICENSE),
    Entity.IP_ADDRESS: Hints(_IP, _VERSION_OR_PARAGRAPH),
    Entity.MAC_ADDRESS: Hints(_MAC),
    Entity.CRYPTO: Hints(_WALLET),
    Entity.US_SSN: Hints(_phrases("ssn, ssns, social security, tax id"), _REFERENCES),
    Entity.UK_NHS: Hints(_phrases("nhs, national health, health service, patient"), _REFERENCES),
    Entity.UK_NINO: Hints(_phrases("nino, ni, national insurance, insurance number"), _REFERENCES),
}
"""An entity that is not here has a check of its own that decides."""
