"""A small company's policy, in two languages: one rule of each severity, and two that hide what they find."""

PRODUCT = """\
  - id: names.product
    detector: substitution
    severity: warn
    clause: "2.3"
    swap: {vaglietto: "Vaglio Mini", "vaglio mini": "Vaglio Mini"}
    message: {it: "Il prodotto si chiama {preferred}.", en: "The product is called {preferred}."}
    examples: {flag: ["Il nuovo vaglietto"], allow: ["Il nuovo Vaglio Mini"]}
"""
HIDING = """\
  - id: data.accounts
    detector: pattern
    severity: block
    clause: "4.1"
    hides: IBAN
    patterns: ['\\bIT\\p{Nd}{2}[A-Z][A-Z0-9]{22}\\b']
    message: {it: "Un conto.", en: "An account."}
    examples: {flag: ["IT60X0542811101000000123456"], allow: ["IT60"]}
  - id: data.passwords
    detector: pattern
    severity: block
    clause: "4.1"
    hides: SECRET
    patterns: ['\\bsegretissimo\\p{Nd}+\\b']
    message: {it: "Una password.", en: "A password."}
    examples: {flag: ["segretissimo7"], allow: ["segretissimo"]}
"""
"""Rules that are the same in other small policies too."""

POLICY = (
    """
name: small
languages: [it, en]
owners:
  - {id: press, name: {it: "Ufficio stampa", en: "Press office"}, slack_channel: "#stampa", hours: 24x7}
  - {id: legal, name: {it: "Ufficio legale", en: "Legal"}, slack_channel: "#legale", hours: 24x7, deadline: 4h}
clauses:
  - {id: "1.2", title: {it: "Rispetto", en: "Respect"}, text: "Si parla con rispetto.", owner: press}
  - {id: "2.1", title: {it: "Voce calma", en: "A calm voice"}, text: "…", owner: press}
  - {id: "2.3", title: {it: "I nostri nomi", en: "Our names"}, text: "…", owner: press}
  - {id: "4.1", title: {it: "Notizie a tempo debito", en: "News in due time"}, text: "…", owner: legal}
rules:
  - id: respect.insults
    detector: phrases
    severity: block
    clause: "1.2"
    phrases: [idiota, idioti, idiot, idiots]
    message: {it: "Offende qualcuno.", en: "This insults somebody."}
    suggest: {it: "Di’ che cosa non va, non che cosa è chi legge.", en: "Say what is wrong, not what the reader is."}
    examples: {flag: ["Che idioti"], allow: ["Che bello"]}
  - id: news.unannounced
    detector: phrases
    severity: review
    clause: "4.1"
    phrases: [trimestre record, record quarter]
    message:
      it: Sembra un risultato non ancora annunciato.
      en: This reads like a result that is not announced yet.
    suggest: {it: "Aspetta il comunicato, o chiedi all’ufficio legale.", en: "Wait for the release, or ask legal."}
    examples: {flag: ["Un trimestre record"], allow: ["Un bel trimestre"]}
"""
    + PRODUCT
    + """\
  - id: tone.shouting
    detector: shouting
    severity: note
    clause: "2.1"
    message: {it: "Qui il testo grida.", en: "The text shouts here."}
    suggest: {it: "Un punto esclamativo basta.", en: "One exclamation mark is enough."}
    examples: {flag: ["Evviva!!!"], allow: ["Evviva!"]}
"""
    + HIDING
)
