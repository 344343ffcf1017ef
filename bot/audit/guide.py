"""README.txt of an export: what is in it and how it is checked, in both languages."""

from __future__ import annotations

from bot.audit.cells import Separator

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

Le persone compaiono solo con pseudonimi. In rows.csv tra una cella e l'altra c'è
{separator_it}.
Con Dati > Da testo/CSV Excel lo apre in colonne in ogni lingua; se lì si sceglie di non rilevare i tipi di dati, ogni
testo resta com'è scritto, mentre con il doppio clic una clausola come 4.1 può diventare una data.

Dove una cella, o un suo pezzo dopo , ; | una tabulazione o un a capo, comincia con = + - @ (anche dopo spazi e
virgolette), davanti al segno c'è un apostrofo, così nessun foglio di calcolo la prende per una formula, dovunque tagli
il file. Chi toglie quell'apostrofo, uno solo, ha le parole di prima. {words_it}{chain_it}

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

People appear under pseudonyms only. In rows.csv, between one cell and the next, there is
{separator_en}.
With Data > From Text/CSV Excel opens it in columns in every language; told there not to detect data types, it leaves
each text as it is written, where a double click may make a date of a clause such as 4.1.

Where a cell, or a piece of one after , ; | a tab or a line break, begins with = + - @ (also behind blanks and quotation
marks), there is an apostrophe before that sign, so that no spreadsheet takes it for a formula, wherever it cuts the
file. Without that apostrophe, one only, the words are what they were. {words_en}{chain_en}
"""
_SEPARATORS = {
    Separator.COMMA: (
        "una virgola: con il doppio clic lo apre in colonne Excel in inglese, non quello in italiano",
        "a comma: by a double click Excel in English opens it in columns, the Italian one does not",
    ),
    Separator.SEMICOLON: (
        "un punto e virgola: con il doppio clic lo apre in colonne Excel in italiano, non quello in inglese",
        "a semicolon: by a double click Excel in Italian opens it in columns, the English one does not",
    ),
}


def guide(with_words: bool, is_whole: bool, is_signed: bool, separator: Separator, *, went_on: bool = False) -> str:
    """`is_signed`: without a signature nobody can tell who made it. `went_on`: the record goes on elsewhere."""
    words_it = "Qui ci sono le parole di persone: va protetta, e tolta quando non serve più." if with_words else ""
    words_en = "People's words are in it: protect it, and remove it once it is not needed." if with_words else ""
    chain_it = "" if is_whole else "\nQui ci sono solo le voci scelte: se ne mancano altre non si può dire."
    chain_en = "" if is_whole else "\nOnly the selected entries are here: whether others are missing cannot be told."
    if not is_signed:
        chain_it += "\nIl manifesto non è firmato: da solo non dice chi l'ha fatto."
        chain_en += "\nThe manifest is not signed: by itself it does not tell who made it."
    if went_on:
        chain_it += (
            "\nIl registro continua altrove, e il manifesto dice dove (moved): qui c'è quello che conteneva il file "
            "fino allo spostamento.\nI checkpoint firmati dopo conoscono voci che qui non ci sono."
        )
        chain_en += (
            "\nThe record goes on elsewhere, and the manifest says where (moved): here is what the file held until it "
            "was moved.\nCheckpoints signed after that know entries that are not here."
        )
    separator_it, separator_en = _SEPARATORS[separator]
    return _GUIDE.format(
        words_it=words_it, words_en=words_en, chain_it=chain_it, chain_en=chain_en,
        separator_it=separator_it, separator_en=separator_en,
    )  # fmt: skip
