"""Things that open, ways of entering, and what a code looks like: words and forms, Italian and English together."""

from __future__ import annotations

import regex

OPENING = regex.compile(
    r"(?<!\w)(?:porta|portone|portoncino|porticina|cancell\w+|allarme|antifurto|sirena|lucchett\w+|cassaforte|"
    r"caveau|armadi\w+|"
    r"cassett[ae]\w*|tornell\w+|serratur\w+|tastier\w+|pannello|citofono|sbarra|ascensore|montacarichi|garage|box|"
    r"magazzino|"
    r"deposito|retro|ingresso|entrata|bussola|passepartout|bnb|b&b|camer[ae]|spogliatoi\w*|cantina|caldaia|"
    r"locale tecnico|"
    r"sala server|archivio|distributore|serranda|saracinesca|cabina|chiusura|aprir\w*|apre|aprite|entrare|stanza|"
    r"soppalco|"
    r"centralina|teca|vetrina|rastrelliera|bici|pompa|baita|capanno|ripostiglio|sgabuzzino|sblocc\w+|disinser\w+|"
    r"chiav[ei]|"
    r"doors?|gates?|gatehouse|alarm|padlocks?|safe|strongroom|vault|keypad|key ?box|key ?safe|lock\w*|cabinet|"
    r"cupboard|shutter|"
    r"barrier|turnstile|lift|elevator|warehouse|shed|barn|boiler house|boiler room|plant room|server room|stockroom|"
    r"storeroom|store|press box|archive|panel|entry|entrance|get in(?:to)?|let yourself in|opening|opens?|unlock\w*|"
    r"cage|hatch|trailer|container|garage|attic|loft|cellar|basement|vestry|clubhouse|changing room|bike rack|drawer|"
    r"cash box|chest|trunk|pump|franking machine|photocopier|copier|screen|handset|answerphone)(?!\w)",
    regex.I,
)
WAY_IN = regex.compile(
    r"(?<!\w)(?:log(?:s|ged|ging)? ?in|login|logins|loggat\w*|sign(?:s|ed)? in|sign-in|admin\w*|username|user|"
    r"utente|accesso|"
    r"acced\w+|entra(?:re|te|no)?|portal[ei]?|gestionale|rete|wi-?fi|network|router|server|vpn|laptop|portatile|pc|"
    r"computer|"
    r"tablet|desktop|camera feed|feed|telecamer\w+|terminal\w*|posta|mailbox|chiavett\w+|usb|zip|pdf|passwords?|"
    r"passcode|"
    r"passphrase|pwd?|psw|pin|credenzial\w+|credentials|dashboard|crm|console|zoom|database|hosting|cms|buste paga|"
    r"cedolin\w+|cartelle cliniche|default|forzarla|criptat\w+|cifrat\w+|encrypted|locked out|bloccat\w+|supervisor|"
    r"registratore|recorder|nas|backup|shared folder|cartella condivisa|newsletter account|bank app|home banking|"
    r"ssid|hotspot)(?!\w)",
    regex.I,
)
_FILLED = (
    r"(?:[\s:,]+(?:il|la|the|in|it|just|solo|semplicemente|then|poi|e poi|sempre|ancora|still|only|out|quickly|"
    r"back)){0,2}[\s:,]+"
)
_OPEN = r"[\"'“‘«`*(]*"
ENTERED = regex.compile(
    rf"(?<!\w)(?:digit(?:a|ate|are|i|ino|ando|o)|inser(?:isci|ite|ire|isce|iscono)|scriv(?:i|ete|ere)|batt(?:i|ete|"
    rf"ere)|"
    rf"prem(?:i|ete|ere)|schiacci(?:a|ate|are)|compon(?:i|ete|e|ere)|impost(?:a|ate|are|i)|f(?:ai|ate|are)|"
    rf"mett(?:i|ete|ere|o|iamo)|"
    rf"rispond(?:i|ete|ere)|us(?:a|ate|i|iamo|ano|o)|bast(?:a|ano)|vuole|chiede|pigia(?:te)?|tocca(?:te)?|"
    rf"si (?:apre|sblocca|entra|accede|disarma|attiva|spegne|disinserisce) (?:con|facendo|scrivendo|digitando)|"
    rf"(?:apr(?:e|ite|i|ono|ire)|entr(?:a|ate|i|o|ano|are)|acced(?:i|ete|ono|ere|o)|sblocc(?:a|ate|are|o)) con|con|"
    rf"sul (?:pannello|tastierino)|"
    rf"punch(?:es|ed)?(?: in)?|key(?:ed)?(?: in)?|typ(?:e|ed|ing|es)|enter(?:ed|s)?|tap(?:ped)?(?: in)?|hit|"
    rf"press(?:ed|es)?|push|"
    rf"dial(?: it| them)?(?: to)?|spin (?:it |the dial )?to|turn (?:it |the dial )?to|set (?:it )?to|wants?|takes?|"
    rf"likes|needs|accepts|answer|"
    rf"says?|reads?|use[sd]?|using|with|gets? (?:you|us|me) in|when [^.,;]{{2,30}} (?:blinks|beeps|asks|flashes|"
    rf"lights up)|"
    rf"quando (?:chiede|lampeggia|suona|si accende)|then)"
    rf"{_FILLED}{_OPEN}(?=\S)",
    regex.I,
)
ASSIGNED = regex.compile(
    rf"(?:(?<!\w)(?:è|e'|era|sono|resta|rimane|diventa|è ancora|è sempre|it['’]s|is|was|remains|still|now|becomes|"
    rf"adesso|"
    rf"ora|da oggi|from (?:today|tonight|now on)|da (?:stasera|domani|lunedì)|metà è|numero è)|(?<=\w)['’]s|[?:,=]|"
    rf"->|→)\s+{_OPEN}(?=\S)",
    regex.I,
)
KEYED = regex.compile(rf"(?<!\w)(?:la chiave|the key|key)(?: è| is|['’]s| →|:)\s+{_OPEN}(?=\S)", regex.I)
_NAME = r"(?!(?:with|as|con|come|and|e|is|è) )[\w.@\-]{3,40}"
LOGGED = regex.compile(
    rf"(?<!\w)(?:user ?name|nome utente|utente|user|login(?: (?!e |and |con |with )[\w'’]+){{0,3}}|account|"
    rf"(?:log(?:s|ged)?|sign(?:s|ed)?|go(?:es)?|get) ?in (?:as|with)|(?:logg|entr|acced)\w+ (?:come|con))"
    rf"(?: is| è)?\s?[:=]?\s+{_NAME}(?<![.,:;])(?:\s*[,.;:/|]\s*|\s+)"
    rf"(?:(?:e|and|poi|then|with|con|sotto|quando chiede|below|under it|la|the|password|pass|pw|"
    rf"mettete|metti|scrivete|scrivi|type|put|enter)[\s,:]+){{0,4}}{_OPEN}(?=\S)",
    regex.I,
)
CHANGED = regex.compile(
    rf"(?<!\w)(?:(?:chang|switch|reset|updat|mov|renam|set|put)(?:ed|s|e|d|t|ting|ing)?(?: [\w'’\-]+){{0,8}}? to|"
    rf"went (?:for|with)|"
    rf"(?:made|picked|chose|choosing|picking) (?:it )?|call(?:ed|s) it|cambiat[ao] (?:[\w'’]+ ){{0,5}}?(?:in|con)|"
    rf"(?:impostat|mess|scelt|settat|rimess)[oa](?: a| su| come)?|(?:ho|hanno|abbiamo) (?:messo|scelto|impostato)|"
    rf"(?P<since>(?:from (?:tonight|today|now on|monday|tomorrow)|until (?:then|monday|friday)|as of today|"
    rf"starting today|da (?:stasera|oggi|"
    rf"domani|lunedì|adesso)|d['’]ora in poi|fino a (?:lunedì|venerdì|domani)),? (?:it['’]s|it is|è|sarà|use|usate)"
    rf"|(?:now|ora|adesso) (?:it['’]s|è)))"
    rf"\s+{_OPEN}(?=\S)",
    regex.I,
)
VALUE = regex.compile(r"(?P<value>[^\s\"“”«»`<>]{4,64})")
INSIDE = regex.compile(
    r"(?P<one>\p{Ll}{3,12}) (?:(?P=one)|\p{Ll}{3,12} \p{Ll}{3,12}) \d{1,4}(?!\w)|"
    r"\p{Ll}{3,12}(?: \p{Ll}{3,12}){1,3} \d{1,4}(?= con gli spazi| with spaces)"
)
"""Several words and a number that are one passphrase."""
JOINED = regex.compile(r"\p{L}[\p{L}\d]{1,}(?:[.\-_][\p{L}\d]{1,}){1,6}[!?*#$]?")
IDENTIFIER = regex.compile(
    r"0x[\da-f]{40}|(?:[\da-f]{2}[:\-]){5}[\da-f]{2}|[\d.]+|[13][A-Za-z\d]{25,34}|bc1\w{25,60}|"
    r"[A-Z]{1,3}\d{5,9}[A-Z]{0,2}|"
    r"\d{2}[A-Z]{2}\d{5}|[A-Z]{6}\d\d[A-EHLMPR-T]\d\d[A-Z]\d{3}[A-Z]|\+?[\d\-/]+|"
    r"[\w.\-]+(?:\.[a-z]{2,6})+(?:/\S*)?|\S+@\S+|(?:RAL|M|ISO|EN|UNI|DIN)[\d\-]+",
    regex.I,
)
"""What is no secret of this kind: wallets, devices' addresses, documents, sites; and what products are called."""
USUAL = frozenset(
    [
        "state-of-the-art",
        "day-to-day",
        "face-to-face",
        "end-to-end",
        "out-of-date",
        "up-to-date",
        "two-factor",
        "one-on-one",
        "word-of-mouth",
        "step-by-step",
        "peer-to-peer",
        "business-to-business",
        "hands-on-deck",
        "all-in-one",
        "must-have-been",
        "porta-a-porta",
    ]
)
DIGITS = regex.compile(
    r"[*#]?\d(?:(?:, ?|\. ?|[ \-–/])?\d){2,11}(?:[ \-]?(?:hash|star|pound|cancelletto|asterisco|[*#]))?(?![\w%€])"
)
SEQUENCE = regex.compile(
    r"[A-Z]?\d{1,4}(?:(?:,| and| then| together| e| poi| insieme| due volte| twice){0,3} [A-Z]?\d{1,4}){1,5}(?!\w)"
)
_NUM = (
    r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple|uno|due|tre|quattro|cinque|sei|sette|"
    r"otto|nove|"
    r"doppio|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|dieci|undici|dodici|(?:venti|trenta|"
    r"quaranta|cinquanta|"
    r"sessanta|settanta|ottanta|novanta)\w*|(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:[ \-](?:one|two|three|"
    r"four|five|six|seven|eight|nine))?)"
)
SAID = regex.compile(rf"{_NUM}(?:[ ,\-]{{1,2}}{_NUM}){{2,7}}(?: (?:hash|star|cancelletto|asterisco))?(?!\w)", regex.I)
NO_CODE = regex.compile(
    r"(?:19|20)\d\d|\d{1,2}[./\-]\d{1,2}[./\-](?:19|20)\d\d|\d{1,3}(?:[.,]\d{3})+|\d{1,2}[.:,]\d\d|"
    r"\d{1,2}[\-–]\d{1,2}|0+|\d+, \d{2,}|"
    r"(?:\D*\d){9,}\D*"
)
FORMATION = regex.compile(r"[345]-[1-5]-[1-5](?:-[1-3])?")
EMERGENCY = regex.compile(r"112|113|115|117|118|911|999|988|811|101|111|159|1522|116 ?117|0?8\d\d ?\d{3} ?\d{3}")
BEHIND = regex.compile(
    r"[\"'”’»`*)]*(?:\s*(?:$|[.,;:!?)…\n]|[^\w\s\"'€£$%°])|\s+(?:e|ed|poi|and|then|invio|ok|since|until|till|to|"
    r"per|for|at|da|dal|but|ma|"
    r"on|mind|fino|così|so|if|se|when|quando|or|o|turn|push|pull|spingete|girate|tirate|vale|resta|con|with|before|"
    r"prima|because|"
    r"perché|anche|dopo|after|identico|as|come|twice|due volte|ricordat\w+|senza|without|a|right|left|like|thanks|"
    r"grazie|lol|sul|sulla|sullo|nel|nella|al|alla|dalle)(?!\w))",
    regex.I,
)
PROMOTION = regex.compile(
    r"(?<!\w)(?:\d+ ?% off|\d+ ?%|off (?:all|your|the|everything)|discount|checkout|sconto|coupon|voucher|promo\w*|"
    r"raffle|gift card|buono|codice sconto|offerta|"
    r"euro|eur|£|€|pounds|sold|punti|punteggio|risultato|points|score|goals?|rigori|match|tickets?|biglietti|"
    r"visitatori|visitors|steps|gradi|degrees)(?!\w)",
    regex.I,
)
ANSWER = regex.compile(
    r"(?<!\w)(?i:frase segreta|risposta (?:segreta|di sicurezza)|domanda (?:segreta|di sicurezza)|"
    r"security (?:answer|question)|"
    r"secret answer|recupero (?:dell['’])?account|account recovery|recovery question|"
    r"memorable (?:word|name)|parola memorabile)[^.!?\n]{0,70}?(?:[:,=]|(?<!\w)(?i:è|is)|['’]s)\s+[\"“'«]?"
    r"(?P<value>\p{Lu}[\p{L}\d]{2,20})(?=[\"”'»]?(?:[.,;!)\n]|$))"
)
GESTURE = regex.compile(
    r"(?<!\w)(?:segno|sequenza|gesto|disegno|pattern|swipe)(?: \w+){0,3}?(?: di sblocco| per sbloccare| unlock|"
    r" lock| to unlock|"
    r" to get in)?(?: \w+){0,4}? (?:a forma di|è (?:una|un)|looks like|in the shape of|shaped like|is (?:a|an))\s+"
    r"(?P<value>(?:(?:una|un|a|an|the|la) )?(?:capital |maiuscola |big |grande )?[\p{L}\d]{1,12}(?: (?:maiuscol\w+|"
    r"rovesciat\w+|"
    r"capovolt\w+|partendo|dall['’]\w+|from|starting|upside|down|backwards|bottom|top|left|right|the|in|alto|basso)"
    r"){1,5})",
    regex.I,
)
_WAY = r"(?:a )?(?:destra|sinistra|dx|sx|orari[oa]|antiorari[oa]|left|right|clockwise|anticlockwise|counterclockwise)"
_HOW = r"(?:\d{1,2}|un[oa]?|due|tre|quattro|one|two|three|four|once|twice)"
DIAL = regex.compile(
    rf"(?<!\w)(?P<value>{_HOW}(?: (?:gir[oi]|volt[ea]|turns?|full turns?|times|clicks|scatti)"
    rf")?[ ,]{{1,2}}(?:to the |a )?{_WAY}"
    rf"(?:[ ,]{{1,2}}(?:fino )?(?:al|a|to|on|until|past)? ?\d{{1,2}})?"
    rf"(?:[ ,]{{1,2}}(?:poi |then |e |and |back )?{_HOW}(?: (?:gir[oi]|volt[ea]|turns?|times|clicks|scatti)"
    rf")?[ ,]{{1,2}}(?:to the |a )?{_WAY}"
    rf"(?:[ ,]{{1,2}}(?:fino )?(?:al|a|to|on|until|past)? ?\d{{1,2}})?){{1,4}})(?!\w)",
    regex.I,
)
