"""How people announce a secret, in Italian and English: the words, and how they are joined to what follows."""

from __future__ import annotations

import regex

ANNOUNCED = (
    r"(?:password|passwd|passw|passwort|psw|pswd|pwd|pw|pass(?:phrase|code)?|pwd|parola (?:chiave|d['’]ordine|"
    r"d['’]accesso)|frase segreta|"
    r"chiave (?:del |della |di )?(?:wi-?fi|rete|wpa2?|wep)|wi-?fi (?:key|pass(?:word)?|psw|pw)|credenzial[ei]|"
    r"credentials|"
    r"user ?/ ?pass(?:word)?|chiave di (?:accesso|rete)|network key|security key|security (?:answer|question)|"
    r"risposta segreta|secret (?:word|phrase)|safe word|magic word|parola magica|parola segreta|chiave\?|secret's|"
    r"password hint|psk|wpa2? key|credenziali)"
)
CODE = (
    r"(?:pin|puk|otp|2fa|cvv|cvc|passcode|codice (?:di |del(?:la|lo|l['’])? ?|dell['’]|d['’]|per (?:il |la |l['’])?|"
    r"al |)(?:accesso|allarme|antifurto|porta|portone|cancello|cancelletto|cassaforte|"
    r"cassetta|lucchetto|sblocco|recupero|verifica|conferma|sicurezza|attivazione|wi-?fi|box|garage|ascensore|"
    r"magazzino|tastierino|sim|carta|bancomat|"
    r"backup|emergenza|ingresso|entrare|meeting|riunione|scala|cantina|serratura|keybox|disarmo|telecamer[ae])|"
    r"codice (?:segreto|a (?:quattro|sei|4|5|6) cifre|otp|pin|ricevuto via sms|è)|combinazione|"
    r"(?:access|alarm|door|gate|safe|entry|lock|lockbox|keypad|unlock|backup|recovery|verification|security|"
    r"confirmation|garage|one-time|2fa|mfa|host|meeting|voicemail|disarm|building|back door|front door|key safe|"
    r"keysafe|shed|padlock|office|till|sms|text) (?:code|codes|pin|combination|number)|"
    r"recovery (?:code|phrase|key)s?|backup codes?|combination|keypad|passcode|combo|tastierino|lucchetto|cassaforte|"
    r"key ?safe|lockbox|lock box|meeting id|seed phrase|"
    r"(?:the|our|my|il|nostro|mio) (?:code|codice)(?= (?:is|è|to|for|at|on|resta|rimane|still|per)))"
)
QUOTE = r"[\"'“”‘’«»`*_(\[]"
JOIN = (
    r"(?:\s*(?:\?|=>|->|→|⇒|:|=|👉|➡️?)\s*|,?\s+(?:è|é|e'|era|sono|sarebbe|resta|rimane|diventa|sarà|è sempre|"
    r"è ancora|è diventata|adesso è|ora è|da oggi è|"
    r"is|was|are|remains|is now|is still|still|now|will be|becomes|it['’]s|it is|'s)\s+(?:(?:sempre|ancora|ora|"
    r"adesso|semplicemente|solo|quella|still|now|just|simply|literally|currently|always)\s+)?(?::\s*)?)"
)
OF = r"(?:\s+(?!(?:è|is|era|was|resta|are)\b)[\w'’/&.\-]{1,18}){0,6}?"
VALUE = rf"{QUOTE}*(?P<value>[^\s\"'“”‘’«»`<>]{{2,64}})"
TOLD = regex.compile(rf"(?<![\w@#])(?P<word>{ANNOUNCED}|{CODE}){OF}{JOIN}{VALUE}", regex.I)
PASSWORD_NEAR = regex.compile(rf"(?<![\w@#])(?:{ANNOUNCED})(?!\w)", regex.I)
CODE_NEAR = regex.compile(rf"(?<![\w@#])(?:{CODE})(?!\w)", regex.I)
PHRASE = regex.compile(
    rf"(?<![\w@#])(?:{ANNOUNCED}|parola|"
    rf"phrase){OF}{JOIN}(?P<open>[\"'“‘«*`])(?P<value>[^\"“”‘«»*`\n]{{3,60}}?)[\"'”’»*`](?!\w)",
    regex.I,
)
SET = regex.compile(
    rf"(?<!\w)(?:padlock|lucchetto|allarme|alarm|keypad|tastierino|cassaforte|safe|lock ?box|key ?safe|cancello|gate|"
    rf"turnstile|tornello|door|porta|"
    rf"portone)(?:\s+\w{{1,12}}){{0,3}}?{JOIN}(?P<value>[*#]?\d(?:[ \-.]?\d){{3,7}}[*#]?)(?![\w:€%])",
    regex.I,
)
# A word with a number on it, beside somebody who logs in.
NUMBERED = regex.compile(r"(?<![\w@#/.\-])(?P<value>\p{L}{4,20}\d{1,4}[!?]?)(?![\w@/\-]|\.\w)")
LOGS_IN = regex.compile(
    rf"(?<!\w)(?:{ANNOUNCED}|admin|username|utente|hardcoded|account|root|guest|editor|the pc|il pc|per il pc|posta|"
    rf"crm|database|portal[e]?|wi-?fi|hosting)(?!\w)",
    regex.I,
)
TOKEN = regex.compile(r"(?<!\S)[\"'“‘«`*(\[]*(?P<value>[^\s\"'“”‘’«»`<>()\[\],;]{4,64})")
NUMBER = regex.compile(
    r"(?<![\w.,/:#€$£+\-])\d(?:[ .\-]?\d){2,11}(?![\w€%]|[.,/:]\d| ?(?:€|euro|eur|km|kg|anni|years|posti|persone|"
    r"people|minut|ore|hours|volte|times|gb|mb|giorni|days)\b)",
    regex.I,
)
PAIR = regex.compile(
    r"(?<!\S)(?:user|utente|username|login|account|admin|root|guest)\s*[:=]?\s*[\w.@\-]{2,40}\s*(?:,|/|\||;|e|and|-|"
    r"con|with)?\s*(?:pass\w*|pwd?|psw)\s*[:=]?\s*(?P<value>\S{3,64})",
    regex.I,
)
SLASHED = regex.compile(
    r"(?<![\w/.@])(?:admin|root|guest|user|utente|ospite|administrator|test|"
    r"demo)\s?[/:]\s?(?P<value>[^\s/]{3,40})(?![\w/])",
    regex.I,
)

TYPED = regex.compile(
    r"(?<!\w)(?:digit(?:a|ate|are|i|ando|o)|inser(?:isci|ite|ire|isce|iscono)|scriv(?:i|ete|ere)|batt(?:i|ete|ere)|"
    r"si (?:apre|sblocca|entra|accede|disarma|attiva) con|apre con|entra(?:te)? con|accede(?:te)? con|"
    r"sblocca(?:te)? con|schiacci(?:a|ate)|prem(?:i|ete)|componi|componete|messo|mettere|mettete|metti|hai messo|"
    r"usate|usa|usiamo|è quanto dovete|"
    r"punch(?:es|ed)?(?: in)?|key(?:ed)? in|typ(?:e|ed|ing)|enter(?:ed)?|tap(?:ped)? in|unlock(?:s|ed)?(?: it)? with|"
    r"open(?:s|ed)? with|open(?:s|ed)? (?:it )?using|(?:un)?set it with|log(?:s|ged)? in with|log in as|"
    r"signs? in with|gets you in|"
    r"changed it to|reads|takes|dial|press|use)(?:[\s:,]+(?:il |la |the |in |it |just |solo |semplicemente |then |"
    r"e poi )?){1,2}[\"'“‘«`*]*(?P<value>[^\s\"'“”‘’«»`<>]{3,40})",
    regex.I,
)
# A door's number opens something: without one of these words it is a dish on a menu.
LOCKED = regex.compile(
    r"(?<!\w)(?:porta|portone|cancello|allarme|antifurto|lucchetto|cassaforte|magazzino|tornello|serratura|"
    r"tastier\w*|sbarra|parcheggio|ascensore|garage|box|ufficio|retro|campanell\w*|"
    r"pc|computer|portatile|laptop|account|crm|gestionale|server|router|portale|rete|wifi|wi-fi|disco|dischi|"
    r"chiavetta|pdf|zip|utente|user|username|admin|root|domain|stampante|printer|database|"
    r"door|gate|alarm|padlock|safe|warehouse|turnstile|lock|keypad|panel|barrier|parking|lift|shed|cabinet|machine|"
    r"menu|disks?|usb|invoice|site|hut|reception|guest|sign in|log in|login)(?!\w)",
    regex.I,
)
# What can hardly be anything but a password: a word, a sign and a number.
MADE_UP = regex.compile(
    r"(?<![\w@#/.&])(?P<value>\p{L}{3,}[!?@#$%&_]\d{2,6}[!?]?|\p{L}[\p{L}\d]{2,}[!@$%&]\p{L}{2,}\d*|"
    r"\p{L}{2,}\d[\p{L}\d]*[!@$%&]\p{L}+)(?![\w@/]|\.\w)"
)
NEAR = 60
"""Characters between the word that announces a secret and a value that could be one."""
TRAILING = ".,;:!?…)]}»”’\"'*`_"
ADVICE = regex.compile(
    r"(?<!\w)(?:non usate|non usare|mai usare|evita\w*|peggior\w*|più usat\w*|più comun\w*|più diffus\w*|tipo 1234|"
    r"come «?\"?123|per esempio|ad esempio|esempio|banal\w*|indovin\w*|"
    r"never use|don['’]t use|do not use|avoid|worst|most (?:used|common|popular)|for example|such as|e\.g\.|"
    r"like \"?1234|stop using|instead of|guessable|example)(?!\w)",
    regex.I,
)
KNOWN = regex.compile(
    r"(?i)(?:iso|iec|en|uni|cei|ce|rfc|ieee|web|win|windows|office|ios|android|wpa|wpa2|wpa3|wps|2fa|mfa|sso|tls|ssl|"
    r"sha|aes|rsa|md|h|g|cat|usb|hdmi|mp|b2b|b2c|p2p|a4|q|covid|"
    r"g7|g20|e|s|u|k|x|f1|r&s|ps|xbox|iphone|galaxy|pixel|v|ver|version|wave|level|livello|fase|step|gdpr|nis|dora|"
    r"psd|spid|cie)[\-_/ ]?\d{1,5}(?:[.:\-]\d{1,4})*|24/7|h24|[1-6]g|(?:19|20)\d\d"
)
SMALL_TALK_WORDS = """
    quattro cinque sei sette otto nove dieci due tre four five six seven eight nine ten mai nuove nuovi regole
    trucchi errori rules tricks tips mistakes
    teamwork velocissimo potentissimo faster slower incluso included compreso
    passwordless novità news domani oggi stasera superato passed amore love
    dead morta morto
    una uno un la il lo le gli i di da del della in su per con che non più meno troppo molto poco quella quello
    questa questo sempre ancora scaduta scaduto scade cambiata cambiato cambiare cambia sbagliata sbagliato
    corretta corretto importante debole forte sicura sicuro robusta lunga corta unica personale segreta segreto
    obbligatoria obbligatorio necessaria necessario richiesta richiesto dimenticata dimenticato smarrita persa
    perso nota noto scritta scritto stata stato solo tua tuo sua suo mia mio nostra vostra nel nella sul sulla
    sotto sopra qui lì là attaccata dietro davanti lunghi difficile facile complessa semplice uguale diversa
    diversi come quando dove chi cosa perché se anche essere avere fare stare inviata inviato arrivata arrivato
    disponibile attiva attivo valida valido temporanea temporanea a an the not no your my our their his her its
    at in on of to for and or but with by from as same different required needed needs expired expiring changed
    wrong correct important weak strong long short unique personal secret mandatory necessary forgotten lost
    known written been only here there under behind hard easy complex simple available active valid temporary
    sent reset being always never very too so what when where who how why if also used still now just safe
    secure stored shared hidden protected free like something anything everything nothing one two three more
    less enough better best working broken down up back out gone sbloccata bloccata bloccato locked unlocked
    blocked ready pronto pronta tutto tutti ok okay that this it is was are è era serve servono sapere chiedere
    asking ask unica gratis gratuita gratuito aperta aperto open closed chiusa chiuso sull' sulla nell' all'
    dell' l' un' visible visibile illeggibile appesa taped stuck appeso vecchia vecchio nuova nuovo new old
    zero nulla niente nessuna nessuno none nope boh forget nada
    online offline two-factor biometrica pubblica public privata private interna internal
"""
SMALL_TALK = frozenset(SMALL_TALK_WORDS.split())
"""Words that follow `the password is` in talk about passwords."""
BARE = regex.compile(
    rf"(?<![\w@#])(?:passcode|passphrase|psk|pwd|psw|pw|chiave wpa2?|wpa2? key|"
    rf"wi-?fi(?: \w{{1,12}}){{0,2}} ?(?:→|=|:))\s+{VALUE}",
    regex.I,
)
"""`passcode allhands`: with nothing between the two."""
SEVERAL = regex.compile(
    rf"(?<![\w@#])(?:(?:password|passphrase|frase segreta|parola d['’]ordine){OF}{JOIN}|(?:unlocks? with|sblocca con) )"
    rf"(?P<value>(?-i:\p{{Ll}}{{3,14}}(?: \p{{Ll}}{{2,14}}){{2,6}}))(?=[,.;!)\n]|$| and | e | ora | così )",
    regex.I,
)
"""A passphrase of several words."""
WITH_ADDRESS = regex.compile(r"(?<!\S)[\w.+\-]{2,40}@[\w.\-]{3,40}\s?[/|:,]\s?(?P<value>[^\s/]{6,40})")
"""`office@acme.com / PopcornMonday`."""
OPENS = regex.compile(
    r"(?<!\w)(?:digita(?:te|re)?|opens? with|unlocks? with|si apre con|si sblocca con|punch in|keyed? in|keypad)"
    r"[\s:]+(?:il |la |the |in )?(?P<value>[*#]?(?=[A-Za-z\-]{0,8}\d)[A-Za-z\d\-]{4,10}[*#]?)(?![\w@])",
    regex.I,
)
"""What opens something, wherever it stands."""
