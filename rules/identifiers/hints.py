"""Words that speak for or against each kind of identifier, Italian and English together: posts mix them."""

from __future__ import annotations

from rules.identifiers.context import Hints
from rules.identifiers.entities import Entity


def _phrases(written: str) -> tuple[str, ...]:
    return tuple(" ".join(phrase.split()) for phrase in written.split(","))


_REFERENCES = _phrases("""
    ordin*, ticket*, pratica, protocollo, tracking, spedizion*, pacco, collo, lotto, matricola, articolo, codice, cod,
    polizza, contratto, numero cliente, codice cliente, isbn, ean, sku, modello, serie, segnalazion*, reclamo,
    fattura,
    bolletta, delibera, bando, passi,
    order, orders, case, case number, case no, parcel, shipment, part number, part no, serial, batch, lot, invoice,
    ref,
    reference, booking, model, item number, claim number, policy number, account number, customer number, steps
""")

_PHONE = _phrases("""
    tel, telefon*, ordini al, dentista, reachable, contactable, on my, i m on, allo, cell, cellulare, cellulari,
    chiam*, richiam*, ricontatt*, contatt*, whatsapp, wapp, whats app,
    telegram, sms, scriv*, messaggi*, fisso, mobile, interno, fax, recapito, recapiti, risponde, rispondo, rispondono,
    squilla*, utenza, sim,
    int, phone, phones, call, calls, calling, ring, dial, cellphone, landline, wa me, 📞, ☎, 📱, 📲
""")
_PHONE_WEAK = _phrases("""
    numero, num, prenot*, info, informazioni, diretto, linea, ufficio, casa,
    number, text, reach, contact, line, direct, office, home, desk, reservations
""")

_CARD = _phrases("""
    carta, carte, card, cards, visa, mastercard, amex, american express, maestro, bancomat, postepay, credit,
    debit, pan
""")
_VAT = _phrases(
    "pi, p iva, piva, partita iva, partite iva, iva, p i, codice fiscale, c f, cf, vat, tax number, tax code"
)
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

_PLATE = _phrases("""
    targ*, auto, macchina, vettura, furgone, furgoncino, camion, moto, motorino, scooter, suv, parcheggi*, panda,
    golf,
    clio, ypsilon, ducato, vespa, autista, investit*, tampon*,
    plate, plates, reg, registration, car, cars, van, lorry, truck, parked, parking, driver, driving, fiesta,
    corsa, transit,
    audi, bmw, fiat, ford, tesla, volvo, mercedes, toyota, mini, vauxhall, motorbike, vehicle
""")
_HOME = _phrases("""
    abit*, vive, vivo, vivono, viveva, vivi, resident*, residenza, risied*, domicili*, casa, citofon*, campanello,
    scala, consegn*, sped*,
    recapit*, indirizzo, trasloc*, trasferit*, sta in, sta di casa, sta a, affitt*, condomin*, portone, nonna,
    nonno, zia, mamma, passate da, mandat* a,
    appartamento, monolocale, inquilin*, bussa*, suonat*, ritir*, pacco, pacchi, passa da, passare da, passo da,
    live, lives, living, lived, home, house, flat, address, moved, moving, moves, doorstep, neighbour*, neighbor*,
    deliver*, ship*, parcel, send,
    landlord, landlady, tenant*, buzzer, stays, staying, knock, apartment, rents, renting, mum, mom, nan, bungalow,
    drop it, dropped, pick up from,
    collect*, resides, residing, residence, her place, his place, their place, front door
""")
_PREMISES = _phrases("""
    sede, negozio, negozi, uffici*, trovate, trovi, trovarci, aspettiamo, aspetta, venite, evento, inaugur*, apr*,
    ore, orari*, vendita, sportello,
    bar, ristorante, farmacia, teatro, libreria, biblioteca, mercato, palestra, bottega, laboratorio, studio,
    museo, incontr*, appuntamento,
    find us, shop, store, office, offices, visit, branch, open, opening, showroom, headquarters, hq, venue, event,
    tonight, cafe, doors, workshop,
    gallery, museum, clinic, studio, library, church, pub, join us
""")

_ANY_DOCUMENT = _phrases("""
    documento, documenti, doc, passaporto, passaporti, carta d identità, carta identità, cie, id, passport,
    passports, identity card, id card, papers,
    document, documents, identità, identity
""")
_NINO = _phrases(
    "nino, ni, national insurance, insurance number, nat ins, natins, n i, contributiv*, assicurazione nazionale"
)
_SSN = _phrases(
    "ssn, ssns, social security, social, tax id, previdenza sociale, previdenza americana, itin, w 2, w2, 1099, irs"
)
_NHS = _phrases(
    "nhs, national health, health service, health number, numero sanitario, sanitario inglese, medical number"
)
_BRITISH = _phrases(
    "hmrc, dwp, payroll, p45, p60, nat ins, national insurance, ni, nino, contributi, inghilterra, londra, "
    "inglese, britannic*, uk, gov uk"
)
_MEDICAL = _phrases(
    "nhs, gp, surgery, prescription, ricetta, medico, sanitari*, patient, paziente, vaccin*, appointment, "
    "ospedale, hospital, clinic, blood, repeat, record, records, spine, carer, nurse, ward, pharmac*, chemist, jab, "
    "jabs, vaccine, referral, referred, chart, midwife, doctor, dottor*, infermier*, ambulator*, visita, scheda, "
    "cartella, reparto, notes, wristband, screening, scan, health"
)

_SHIPPED = _phrases("""
    ordin*, ticket*, pratica, protocollo, tracking, spedizion*, pacco, collo, lotto, articolo, ean, isbn,
    numero cliente,
    codice cliente, order, orders, parcel, shipment, batch, lot, barcode, customer number, account number
""")
_BUSINESS = _phrases("""
    fattur*, intestat*, ditta, azienda, studio, partita, client*, fornit*, vies, agenzi*, impresa, cooperativa, srl,
    s r l,
    spa, s p a, snc, sas, negozio, commercialist*, contabil*, preventiv*, bolla, docket, gestionale, moros*, bonific*,
    pagament*, visura, camera di commercio, artigian*, libero professionista, forfettari*, scontrin*, ricevut*,
    company, companies, invoice*, supplier*, vendor*, partnership, firm, agency, quote, quotation, purchase, buyer*,
    reverse charge, registered, contractor*, freelance*, landlord, deliver*
""")
_PRODUCT = _phrases("""
    protocollo, articolo, modello, serial*, part, model, lotto, codice articolo, sku, ean, batch, lot, item, product,
    prodotto, ricambio, matricola, tracking, ordine, order, bando, cup, cig
""")
_PAPERS = _phrases("""
    carta, cartaceo, cartacea, firma, firmat*, anagrafe, comune, scadut*, scadenza, accredit*, rinnov*, smarrit*,
    frontiera,
    check in, registrazione, ospite, ospiti, cardboard, paper, old card, signature, expired, town hall, checkpoint
""")
_BORDER = _phrases("""
    imbarco, imbarc*, frontiera, dogana, timbri, consolat*, ambasciat*, libretto, bordeaux, volo, aeroporto,
    check in, gate, boarding, border, customs, visas, stamps, embassy, consulate, flight, airport, viaggiator*,
    traveller, traveler
""")
_DRIVERS = _phrases("""
    licence, license, licences, licenses, autista, autisti, conducente, guidare, guida, muletti, muletto, carrell*,
    camion,
    furgone, furgoni, corriere, noleggi*, autoscuola, foglio rosa, rinnovi, motorizzazione, driver, drivers, driving,
    dvla, van hire, rental, forklift, cdl, hgv, hire desk
""")

HINTS = {
    Entity.EMAIL_ADDRESS: Hints(_phrases("mail, email, e mail, pec, scriv*, write, indirizzo")),
    Entity.PHONE_NUMBER: Hints(_PHONE, _REFERENCES, _PHONE_WEAK),
    Entity.CREDIT_CARD: Hints(_CARD, (*_REFERENCES, "tessera", "fedeltà", "loyalty")),
    Entity.IT_VAT_CODE: Hints(_VAT, _SHIPPED, afar=(*_VAT, *_BUSINESS)),
    Entity.IT_IDENTITY_CARD: Hints(_IDENTITY_CARD, _PRODUCT, afar=(*_ANY_DOCUMENT, *_PAPERS)),
    Entity.IT_HEALTH_CARD: Hints(
        _phrases("tessera sanitaria, tessera, team, health card, sanitaria, ts, cns"),
        afar=_phrases("tessera, health card, card, sanitaria, team, ehic"),
    ),
    Entity.PASSPORT: Hints(
        _phrases("passaporto, passaporti, passport, passports"),
        _PRODUCT,
        afar=(*_phrases("passaporto, passaporti, passport, passports"), *_BORDER),
    ),
    Entity.DRIVER_LICENSE: Hints(_DRIVER_LICENSE, _PRODUCT, afar=(*_DRIVER_LICENSE, *_DRIVERS)),
    Entity.LICENSE_PLATE: Hints(
        _PLATE,
        _PRODUCT,
        afar=_phrases(
            "targa, targhe, targato, targata, plate, plates, reg, registration, auto, car, van, furgone, "
            "macchina, macchine, parked, parcheggi*, sosta, suv, vans, cars, truck, lorry, berlingo, transit, "
            "tyre, tire, bumper, bay, driveway, carpool*, car pool*, passaggio, ruote, parabrezza, autonoleggio"
        ),
    ),
    Entity.ADDRESS: Hints(_HOME, unless=_PREMISES),
    Entity.IP_ADDRESS: Hints(_IP, _VERSION_OR_PARAGRAPH),
    Entity.MAC_ADDRESS: Hints(
        _MAC,
        afar=_phrases(
            "mac, wifi, wi, router, device, dispositivo, tracker, bluetooth, rete, network, lan, wake, stampant*, "
            "printer, camera, telecamer*, switch, access point, badge reader, lettore, vendor, sniffer, dhcp, "
            "scheda di rete, indirizzo fisico, sticker, label, etichett*, adesiv*"
        ),
    ),
    Entity.CRYPTO: Hints(_WALLET, afar=_WALLET),
    Entity.US_SSN: Hints(_SSN, _REFERENCES, afar=_SSN),
    Entity.UK_NHS: Hints(_NHS, (*_REFERENCES, *_PHONE), afar=(*_NHS, *_MEDICAL)),
    Entity.UK_NINO: Hints(_NINO, _REFERENCES, afar=(*_NINO, *_BRITISH)),
}
"""An entity that is not here has a check of its own that decides."""
