"""README.txt of an export: what is in it and how it is checked, in both languages."""

from __future__ import annotations

_GUIDE = """\
VAGLIO - ESPORTAZIONE DEL REGISTRO / EXPORT OF THE RECORD

ITALIANO

Per controllarla non serve Vaglio. Con Python 3.9 o più recente:

    python verify.py --language it

Dice quello che non torna, una riga per difetto, ed esce con 0 (tutto torna), 1 (qualcosa no) o 2 (non si può leggere).
Per controllare anche le firme: pip install cryptography
Con la chiave pubblica dell'azienda e i checkpoint tenuti altrove si vede anche se mancano le ultime voci o se
tutto è stato riscritto:

    python verify.py --key CHIAVE --checkpoints CARTELLA_O_FILE

Anche verify.py si può falsificare: chi dubita lo prende dai sorgenti di Vaglio (bot/audit/verifier.py), non da qui.

manifest.json      che cosa c'è qui, con le impronte SHA-256 di ogni file
manifest.sig       la firma del manifesto, se c'è una chiave
chain.jsonl        le voci così come sono state scritte: sono loro la prova
words.jsonl        le parole che si possono ancora aprire; null dove sono state cancellate o sono scadute
rows.*             le voci scelte, una per riga, per chi legge
checkpoints.jsonl  i checkpoint firmati, se ce ne sono

Le persone compaiono solo con pseudonimi. In rows.csv una cella che comincia con = + - @, una tabulazione o un a capo ha
davanti un apostrofo, perché un foglio di calcolo non la prenda per una formula. In Excel in italiano si apre con
Dati > Da testo/CSV. {words_it}{chain_it}

ENGLISH

You need no Vaglio to check it. With Python 3.9 or newer:

    python verify.py --language en

It says what is wrong, one line a fault, and leaves with 0 (sound), 1 (something is wrong) or 2 (it cannot be read).
To have signatures checked too: pip install cryptography
With the company's public key and the checkpoints that are kept elsewhere it also shows whether the newest entries are
missing, or everything was rewritten:

    python verify.py --key KEY --checkpoints FOLDER_OR_FILE

verify.py can be forged like anything else: whoever doubts it takes it from Vaglio's sources (bot/audit/verifier.py).

manifest.json      what is here, with the SHA-256 of every file
manifest.sig       its signature, where there is a key
chain.jsonl        the entries as they were written: they are the proof
words.jsonl        the words that can still be opened; null where they were erased or their time was over
rows.*             the selected entries, one a row, for people
checkpoints.jsonl  the signed checkpoints, where there are some

People appear under pseudonyms only. In rows.csv a cell that begins with = + - @, a tab or a line break has an
apostrophe before it, so that no spreadsheet takes it for a formula. {words_en}{chain_en}
"""


def guide(with_words: bool, is_whole: bool, is_signed: bool) -> str:
    """`is_signed`: without a signature nobody can tell who made it."""
    words_it = "Qui ci sono le parole di persone: va protetta, e tolta quando non serve più." if with_words else ""
    words_en = "People's words are in it: protect it, and remove it once it is not needed." if with_words else ""
    chain_it = "" if is_whole else "\nQui ci sono solo le voci scelte: se ne mancano altre non si può dire."
    chain_en = "" if is_whole else "\nOnly the selected entries are here: whether others are missing cannot be told."
    if not is_signed:
        chain_it += "\nIl manifesto non è firmato: da solo non dice chi l'ha fatto."
        chain_en += "\nThe manifest is not signed: by itself it does not tell who made it."
    return _GUIDE.format(words_it=words_it, words_en=words_en, chain_it=chain_it, chain_en=chain_en)
