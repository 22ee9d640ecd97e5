"""Writes src/Model/Clip/Nfc.txt, the table behind Nfc.cs, from Python's unicodedata.

    python3 tools/unicode/nfc.py

CLIP's reference tokenizer (Hugging Face tokenizers) normalises by Unicode 9.0, and a token must not depend on which
side is newer. Normalisation of assigned characters never changes; so Unicode 9's table is any later one less what
was added since, which is listed here (Python can't say how old a character is; Perl's \\p{Present_In: 9.0} can).
Whoever runs this with a newer Unicode than 14 adds that version's marks and decompositions to the two lists.
"""
import pathlib
import unicodedata

MARKS_AFTER_9 = [
    (0x07FD, 0x07FD), (0x0898, 0x089F), (0x08CA, 0x08D3), (0x09FE, 0x09FE), (0x0C3C, 0x0C3C), (0x0D3B, 0x0D3C),
    (0x0EBA, 0x0EBA), (0x1715, 0x1715), (0x1ABF, 0x1ACE), (0x1DF6, 0x1DFA), (0xA82C, 0xA82C), (0x10D24, 0x10D27),
    (0x10EAB, 0x10EAC), (0x10F46, 0x10F50), (0x10F82, 0x10F85), (0x11070, 0x11070), (0x1133B, 0x1133B),
    (0x1145E, 0x1145E), (0x11839, 0x1183A), (0x1193D, 0x1193E), (0x11943, 0x11943), (0x119E0, 0x119E0),
    (0x11A34, 0x11A34), (0x11A47, 0x11A47), (0x11A99, 0x11A99), (0x11D42, 0x11D42), (0x11D44, 0x11D45),
    (0x11D97, 0x11D97), (0x16FF0, 0x16FF1), (0x1E130, 0x1E136), (0x1E2AE, 0x1E2AE), (0x1E2EC, 0x1E2EF),
]
DECOMPOSITIONS_AFTER_9 = [0x11938]

assert unicodedata.unidata_version == "14.0.0", "extend the two lists for Unicode " + unicodedata.unidata_version


def combining_class(c):
    return 0 if any(first <= c <= last for first, last in MARKS_AFTER_9) else unicodedata.combining(chr(c))


def classes():
    """FIRST-LAST CLASS for each run of characters with one combining class other than 0."""
    runs = []
    for c in range(0x110000):
        k = combining_class(c)
        if k and runs and runs[-1][1] == c - 1 and runs[-1][2] == k:
            runs[-1][1] = c
        elif k:
            runs.append([c, c, k])
    return [f"{first:04X}-{last:04X} {k}" for first, last, k in runs]


def decompositions():
    """CHARACTER = PARTS for canonical pairs that compose again; CHARACTER > PARTS for all that don't.

    Hangul is left to arithmetic. What NFC leaves decomposed are the singletons and the composition exclusions.
    """
    lines = []
    for c in range(0x110000):
        text = unicodedata.decomposition(chr(c))
        if not text or text.startswith("<") or c in DECOMPOSITIONS_AFTER_9:
            continue
        composes = unicodedata.normalize("NFC", chr(c)) == chr(c)
        lines.append(f"{c:04X} {'=' if composes else '>'} {text}")
    return lines


header = "# Canonical combining classes and decompositions of Unicode 9.0; written by tools/unicode/nfc.py."
target = pathlib.Path(__file__).resolve().parents[2] / "src/Model/Clip/Nfc.txt"
target.write_text("\n".join([header, *classes(), *decompositions()]) + "\n", encoding="ascii", newline="\n")
