"""Letters of other scripts that look like Latin ones, after Unicode's confusables (UTS #39): those seen in use."""

CYRILLIC = {
    "а": "a", "А": "A", "В": "B", "с": "c", "С": "C", "ԁ": "d", "е": "e", "Е": "E", "ё": "e", "Ё": "E", "ԍ": "G",
    "һ": "h", "Н": "H", "і": "i", "І": "I", "ї": "i", "Ї": "I", "ј": "j", "Ј": "J", "к": "k", "К": "K", "ӏ": "l",
    "Ӏ": "l", "М": "M", "м": "m", "п": "n", "о": "o", "О": "O", "р": "p", "Р": "P", "ԛ": "q", "ѕ": "s", "Ѕ": "S",
    "т": "t", "Т": "T", "ц": "u", "ѵ": "v", "ѡ": "w", "ԝ": "w", "х": "x", "Х": "X", "у": "y", "У": "Y", "ү": "y",
    "Ү": "Y", "з": "3", "З": "3", "б": "6",
}  # fmt: skip

GREEK = {
    "α": "a", "Α": "A", "Β": "B", "ϲ": "c", "Ε": "E", "ε": "e", "Η": "H", "η": "n", "ι": "i", "Ι": "I", "ϳ": "j",
    "κ": "k", "Κ": "K", "Μ": "M", "Ν": "N", "ν": "v", "ο": "o", "Ο": "O", "ρ": "p", "Ρ": "P", "τ": "t", "Τ": "T",
    "υ": "u", "ω": "w", "χ": "x", "Χ": "X", "γ": "y", "Υ": "Y", "Ζ": "Z",
}  # fmt: skip

# Latin in Unicode's books, yet never in Italian or English: always read as the plain letter.
LATIN = {
    "ı": "i", "ɩ": "i", "ɪ": "i", "ȷ": "j", "ɑ": "a", "ɡ": "g", "ɢ": "g", "ɴ": "n", "ʀ": "r", "ʏ": "y", "ʙ": "b",
    "ʜ": "h", "ʟ": "l", "ᴀ": "a", "ᴄ": "c", "ᴅ": "d", "ᴇ": "e", "ᴊ": "j", "ᴋ": "k", "ᴍ": "m", "ᴏ": "o", "ᴘ": "p",
    "ᴛ": "t", "ᴜ": "u", "ᴠ": "v", "ᴡ": "w", "ᴢ": "z", "ꜰ": "f", "ꜱ": "s", "ƅ": "b", "ƽ": "s", "ø": "o", "Ø": "O",
    "đ": "d", "ł": "l", "ŧ": "t", "ħ": "h", "ƈ": "c", "ɗ": "d", "ɵ": "o",
}  # fmt: skip

# Enclosed capitals that NFKC leaves alone: negative circled and negative squared letters. Flags stay flags.
ENCLOSED = {chr(first + offset): chr(ord("A") + offset) for first in (0x1F150, 0x1F170) for offset in range(26)}

PUNCTUATION = {
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "ʼ": "'", "′": "'", "´": "'", "“": '"', "”": '"', "„": '"', "‟": '"',
    "«": '"', "»": '"', "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "﹣": "-", "⁃": "-", "∕": "/",
    "⁄": "/", "․": ".", "。": ".", "٫": ".", "·": ".", "﹒": ".", "﹫": "@", "∶": ":", "ꓸ": ".", "\u2800": " ",
}  # fmt: skip

OTHER_SCRIPTS = CYRILLIC | GREEK
"""Read as Latin only inside a word that mixes scripts, or in a word of look-alikes alone amid Latin text."""

ALWAYS = LATIN | ENCLOSED | PUNCTUATION
