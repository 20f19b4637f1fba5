"""Likely encodings of text that is not Unicode, judged by its non-ASCII words: Western European, another one, or several."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

# Letters of each language besides those of ASCII.
_WESTERN: Mapping[str, str] = {
    "German": "äöüßé",
    "French": "àâçéèêëîïôœùûüÿ",
    "Spanish": "áéíñóúüç",
    "Catalan": "àçéèíïóòúü",
    "Portuguese": "ãáàâçéêíõóôúü",
    "Italian": "àèéìíîòóùú",
    "Dutch": "áäçèéêëíïóöúüû",
    "Danish or Norwegian": "æøåéôäöü",
    "Swedish or Finnish": "åäöéüšž",
    "Icelandic": "áðéíóúýþæö",
    "Faroese": "áðíóúýæø",
    "Estonian": "äõöüšž",
    "Irish or Welsh": "áéíóúâêîôû",
}
_CENTRAL: Mapping[str, str] = {
    "Polish": "ąćęłńóśźż",
    "Czech": "áčďéěíňóřšťúůýž",
    "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "Hungarian": "áéíóöőúüű",
    "Croatian": "čćđšž",
    "Romanian": "ăâîşţ",
}
_CENTRAL_ENCODINGS = ("cp1250", "iso8859-2")
_LETTERS = {language: frozenset(letters) for language, letters in {**_WESTERN, **_CENTRAL}.items()}
# Patterns that no word of a language has, despite its letters: two accented vowels, or a letter in an impossible place.
_NEVER = {
    "Catalan": re.compile(r"[àèéíòóú].*[àèéíòóú]"),
    "Dutch": re.compile(r"[áíóú].*[áéíóúèê]|[éèê].*[áíóú]|^è"),
    "Estonian": re.compile(r"[aeiouäöü][^aeiouäöüõ]+õ"),
    "French": re.compile(r"^è"),
    "Italian": re.compile(r"[àèìòù][a-z]|[àèéìòóù].*[àèéìòóù]"),
    "Portuguese": re.compile(r"õ(?!e)|[áéíóúàâêô].*[áéíóúàâêô]"),
    "Spanish": re.compile(r"[áéíóú].*[áéíóú]"),
}
# Encodings of a script, and its characters.
_SCRIPTS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "Cyrillic": (("cp1251", "koi8-r", "koi8-u", "iso8859-5", "cp866"), "\u0400-\u04ff"),
    "Greek": (("iso8859-7", "cp1253"), "\u0370-\u03ff"),
    "Japanese": (("cp932", "euc_jp"), "\u3005\u3040-\u30ff\u4e00-\u9fff\uff66-\uff9f"),
    "Chinese": (("gb18030", "cp950"), "\u4e00-\u9fff"),
    "Korean": (("cp949",), "\uac00-\ud7a3"),
    "Hebrew": (("cp1255",), "\u0590-\u05ff"),
    "Arabic": (("cp1256",), "\u0600-\u06ff"),
    "Thai": (("cp874",), "\u0e00-\u0e7f"),
}
_EAST_ASIAN = ("Japanese", "Chinese", "Korean")
_RARE = ("Hebrew", "Arabic", "Thai")
_SCRIPT_OF = {encoding: script for script, (encodings, _) in _SCRIPTS.items() for encoding in encodings}
_CHARACTERS = {script: re.compile(f"[{characters}]") for script, (_, characters) in _SCRIPTS.items()}
_HIGH = re.compile(rb"[\x80-\xff]")
_BEFORE = re.compile(rb"[A-Za-z]*\Z")
_PIECE = re.compile(rb"[^\x00-\x2f\x3a-\x3f]*")  # the excluded bytes are never part of a multi-byte character
_TOKEN = re.compile(rb"[A-Za-z\x80-\xff]+")
_LINE_END = re.compile(rb"[\r\n]")
_SYMBOLS = "“”‘’„«»¿¡£€¥§©®™•…–—µ°²³¹ºª¼½¾×\xa0"
_JOINT = re.compile(r"(?<=[^\W\d_])[’–—\xad\xa0](?=[^\W\d_])")
_ASCII = re.compile(r"[\x00-\x7f]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_MIXED = re.compile(r"[A-Za-z](?=[^\W\x00-\x7f])|[^\W\x00-\x7f](?=[A-Za-z])")
_FOUR_IN_A_ROW = re.compile(r"[^\x00-\x7f]{4}")
_WINDOWS, _WINDOW_BYTES, _PIECES, _BYTES = 64, 2**18, 500, 16_384
_LONGEST, _LONGEST_BEFORE = 400, 32
_FEW, _MOST, _NOT_ALL, _NEARLY_ALL = 0.2, 0.5, 0.7, 0.9
_FEW_WORDS, _SEVERAL_WORDS, _SOME_CHARACTERS, _MANY_CHARACTERS = 3, 8, 20, 40


@dataclass(frozen=True, slots=True)
class Likely:
    """Likely encodings of text that is not Unicode.

    Parameters
    ----------
    verdict : {"western", "sure", "doubtful"}
        Windows-1252 or Latin-1; the only one of ``encodings``; any of them.
    encodings : tuple of str
        As Python names them, the likeliest first.
    language : str
        The language or script that the first of them gives.
    """

    verdict: Literal["western", "sure", "doubtful"]
    encodings: tuple[str, ...] = ()
    language: str = ""


_IS_WESTERN = Likely("western")


def likely_encodings(content: bytes | bytearray) -> Likely:
    """Find the likely encodings of a text, from some thousand bytes of its non-ASCII words.

    Words of no Western European language decide for another encoding: one with the letters of a language that has all of them, or
    one of another script. charset-normalizer suggests the script, which is accepted only if the words are of that script and no
    other reading is as good.

    Parameters
    ----------
    content : bytes or bytearray
        Text that is not UTF-8, UTF-16 or UTF-32.
    """
    pieces = _pieces(content)
    tokens = {token for piece in pieces for token in _TOKEN.findall(piece) if not token.isascii()}
    words = {token: word for token in tokens if (word := _word(token, "cp1252"))}
    foreign = sum(not any(_writes(language, word) for language in _WESTERN) for word in words.values())
    if not words:
        return _IS_WESTERN
    found = _of_another_alphabet(words, foreign)
    if found is not None:
        return found
    return _of_another_script(pieces) if foreign >= _MOST * len(words) else _IS_WESTERN


def _pieces(content: bytes | bytearray) -> list[bytes]:
    """Return distinct non-ASCII pieces from all over the content, each beginning and ending between two characters."""
    found: dict[bytes, None] = {}
    step = max(len(content) // _WINDOWS, _WINDOW_BYTES)
    for start in range(0, len(content), step):
        found.update(dict.fromkeys(_pieces_within(content, start, min(start + step, len(content)))))
    held = sum(map(len, found))
    return list(found)[:: held // _BYTES + 1]


def _pieces_within(content: bytes | bytearray, start: int, stop: int) -> Iterator[bytes]:
    if start:
        line_end = _LINE_END.search(content, start, stop)
        if line_end is None:
            return
        start = line_end.end()
    for _ in range(_PIECES):
        high = _HIGH.search(content, start, stop)
        if high is None:
            return
        begin = high.start()
        before = _BEFORE.search(bytes(content[max(start, begin - _LONGEST_BEFORE) : begin]))
        piece = _PIECE.match(content, begin, begin + _LONGEST)
        start = piece.end() if piece else high.end()
        yield (before[0] if before else b"") + bytes(content[begin:start])


def _word(token: bytes, encoding: str) -> str:
    """Return a token in lower case without surrounding symbols; empty if fewer than two letters or only ASCII letters remain."""
    text = token.decode(encoding, "replace")
    word = _JOINT.sub("", text.strip(_SYMBOLS)).lower()
    return "" if len(word) < 2 or word.isascii() else word


def _writes(language: str, word: str) -> bool:
    """Tell whether a language has all letters of a word, and as many non-ASCII letters in a row, but not the whole word."""
    letters = _LETTERS[language]
    if not all(letter.isascii() or letter in letters for letter in word) or _FOUR_IN_A_ROW.search(word) or not _ASCII.search(word):
        return False
    return language not in _NEVER or not _NEVER[language].search(word)


def _share(language: str, words: Collection[str]) -> float:
    return sum(_writes(language, word) for word in words) / len(words)


def _of_another_alphabet(words: Mapping[bytes, str], foreign: int) -> Likely | None:
    """Return the encoding in which nearly all words fit one language, if no single Western language fits the words it changes."""
    best, found = 0.0, None
    for encoding in _CENTRAL_ENCODINGS:
        read = {token: _word(token, encoding) for token in words}
        changed = [word for token, word in words.items() if read[token] and read[token] != word]
        if not changed or max(_share(language, changed) for language in _WESTERN) > _NOT_ALL:
            continue
        for language in _CENTRAL:
            share = _share(language, [word for word in read.values() if word])
            if share < _NEARLY_ALL or share <= best:
                continue
            if len(changed) >= _SEVERAL_WORDS or foreign >= _FEW_WORDS:
                best, found = share, Likely("sure", (encoding,), language)
            elif foreign >= _MOST * len(words):
                best, found = share, Likely("doubtful", (*_CENTRAL_ENCODINGS, "cp1252"), language)
    return found


def _of_another_script(pieces: Sequence[bytes]) -> Likely:
    """Return the encodings suggested by charset-normalizer in which nearly all characters are of their script."""
    from charset_normalizer import from_bytes

    sample = b"\n".join(pieces)
    suggested = [_canonical(match.encoding) for match in from_bytes(sample, cp_isolation=[*_SCRIPT_OF, "cp1252"])]
    likely = _different(sample, [encoding for encoding in suggested if encoding in _SCRIPT_OF])
    if not likely:
        others = tuple(_different(sample, list(_SCRIPT_OF)))
        return Likely("doubtful", (*others, "cp1252"), _SCRIPT_OF[others[0]]) if others else _IS_WESTERN
    first, text = next(iter(likely.items()))
    usual = [encoding for encoding in likely if _SCRIPT_OF[encoding] not in _RARE]
    needed = 0 if len(likely) == 1 else _SOME_CHARACTERS if len(usual) == 1 else _MANY_CHARACTERS
    clear = first in usual and len(set(text)) >= needed
    return Likely("sure" if clear else "doubtful", tuple(likely)[: 1 if clear else None], _SCRIPT_OF[first])


def _different(sample: bytes, encodings: Sequence[str]) -> dict[str, str]:
    """Return the distinct texts that encodings, or others of their scripts, decode from a sample, if they are of the script."""
    texts: dict[str, str] = {}
    for encoding in dict.fromkeys(_best_sibling(sample, encoding) for encoding in encodings):
        text = _text(sample, encoding)
        if _in_script(text, encoding) >= _NEARLY_ALL and text not in texts.values():
            texts[encoding] = text
    return texts


def _canonical(encoding: str) -> str:
    return codecs.lookup(encoding).name


def _best_sibling(sample: bytes, encoding: str) -> str:
    """Return the encoding of the same script with most characters of it: ISO-8859-7 and Windows-1253 differ in one."""
    siblings = [encoding, *_SCRIPTS[_SCRIPT_OF[encoding]][0]]
    return max(siblings, key=lambda sibling: (round(_in_script(_text(sample, sibling), sibling), 9), sibling == encoding))


def _text(sample: bytes, encoding: str) -> str:
    return sample.decode(encoding, "replace")


def _in_script(text: str, encoding: str) -> float:
    """Return the share of non-ASCII characters that are of the encoding's script.

    It is 0 if a character cannot be decoded, or words mix ASCII letters with those of another alphabet.
    """
    script, high = _SCRIPT_OF[encoding], _NOT_ASCII.findall(text)
    mixed = script not in _EAST_ASIAN and len(_MIXED.findall(text)) > _FEW * len(text.split("\n"))
    if "\ufffd" in text or mixed:
        return 0.0
    return len(_CHARACTERS[script].findall(text)) / len(high) if high else 0.0
