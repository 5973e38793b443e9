"""What was done, in one line: the sentence of a message that tells it, without greeting and thanks. Pure."""

import re

SHORTEST = 8  # letters; less says nothing
SHORT = 12  # letters; the next sentence is needed, too
MOST_READ = 8_000  # letters of a message: who has said nothing by then will not

_ADDRESSED = (
    r"(?:[ \t]+(?:(?i:pane|paní|pani|slečno|kolego|kolegyně|kolegové|vás|vám|všem|všichni|mr|mrs|ms|all)"
    r"|[A-ZÁ-Ž][\w.-]*)){0,4}"
)
_GREETING = re.compile(
    r"\s*(?i:(?:dobrý|hezký|krásný|příjemný)\s+(?:den|večer)|dobré\s+(?:ráno|odpoledne|dopoledne)|zdravím|ahoj|čau"
    r"|vážen\w+|mil[ýá]|hello|hi|dear|good\s+(?:morning|day|afternoon|evening))\b"
    rf"{_ADDRESSED}[ \t]*[,.!:;–-]*\s*"
)
_ADDRESS = re.compile(rf"(?i:pane|paní|pani|slečno|kolego|kolegyně)\b{_ADDRESSED}[ \t]*[,!:]\s*")
_COURTESY = re.compile(
    r"(?i:(?:(?:moc|mockrát|ještě)\s+)?(?:děkuj\w*|díky|dík|omlouvám|omlouváme|thanks|thank\s+you|sorry)\b"
    r"[^,.!?;:\n]{0,80}(?:,\s*(?:že|za|but)\b[^.!?\n]{0,120})?"
    r"|(?:rozumím\w*|rozumíme|víme|ano|dobře|jasně|jistě|jasné|můžeme|dá|ok|yes|sure|beru\s+na\s+vědomí)\b"
    r"[^,.!?;:\n]{0,80}(?:,\s*že\b[^.!?\n]{0,120})?)(?:[,.!;:–]+\s+|\s*$)"
)
_FAREWELL = re.compile(
    r"(?im)^[ \t]*(?:s\s+(?:přátelským\s+)?pozdravem|s\s+pozdravy|(?:přeji\s+)?(?:hezk|pěkn|krásn|příjemn)\w+"
    r"\s+(?:zbytek\s+)?(?:den|dne|večer|víkend)|přeji|přejeme|zdravím|děkuji\s+a|best\s+regards|kind\s+regards|regards|sincerely)\b"
)
_SENTENCE_END = re.compile(
    r"(?<=[^\W\d_]{3}[.!?…])\s+(?=[A-ZÁ-Ž„“\"])|(?<=[)\d%“”\"][.!?])\s+(?=[A-ZÁ-Ž„“\"])|(?<=\?)\s+"
)
_ABBREVIATED = re.compile(r"\b(?:např|resp|tzv|tzn|ing|mgr|atd|apod|tel|str|spol)\.$", re.IGNORECASE)
_ASKS = re.compile(
    r"(?i)\?\W*$|\b(?:prosím|prosíme|zkuste|vyzkoušejte|pokud|pošlete|zašlete|napište|ozvěte|zavolejte|potvrďte|please|if\s+you)\b"
    r"|\bdejte\b.*\bvědět\b|\blet\s+(?:me|us)\s+know\b"
)
_WORK = re.compile(  # stems of what technicians do, as something done
    r"(?i)\b(?:vyměn|nastav|oprav|zříd|vytvoř|nainstal|přeinstal|odinstal|aktualiz|přidal|přidán|doplni|doplně|obnov|restart"
    r"|smaz|uvoln|odblok|povol|zakáz|přesun|připoj|odpoj|zapoj|založ|zruši|zruše|vypn|zapnu|vyčist|nahra|prodlouž"
    r"|přenastav|změni|změně|odebra|zaved|upravi|uprave|přeměři|instalov|dokonči|zkontrolov|prověři"
    r"|fixed|replaced|installed|restored|updated|created|removed|added|configured|restarted)\w*"
)


def of(text: str, *, longest: int = 200) -> str:
    """The sentence that tells what was done, cut visibly where it is too long; empty where none tells anything."""
    told = [sentence for sentence in _sentences(_own_words(text[:MOST_READ])) if not _ASKS.search(sentence)]
    if not told:
        return ""
    at = next((at for at, sentence in enumerate(told) if _WORK.search(sentence) and len(sentence) >= SHORT), 0)
    chosen = told[at] if len(told[at]) >= SHORT else " ".join(told[at : at + 2])
    return _cut(chosen[:1].upper() + chosen[1:], longest) if len(chosen) >= SHORTEST else ""


def _own_words(text: str) -> str:
    """The text between greeting and farewell, without the courtesies it opens with."""
    greeting = _GREETING.match(text)
    words = text[greeting.end() :] if greeting else text.lstrip()
    address = _ADDRESS.match(words)
    words = words[address.end() :] if address else words
    farewell = _FAREWELL.search(words)
    words = words[: farewell.start()] if farewell else words
    for _ in range(3):
        courtesy = _COURTESY.match(words)
        words = words[courtesy.end() :] if courtesy else words
    return " ".join(words.split())


def _sentences(words: str) -> list[str]:
    sentences: list[str] = []
    for part in _SENTENCE_END.split(words):
        if sentences and _ABBREVIATED.search(sentences[-1][-12:]):
            sentences[-1] += f" {part}"
        elif part:
            sentences.append(part)
    return sentences


def _cut(words: str, longest: int) -> str:
    return words if len(words) <= longest else words[: longest - 1].rsplit(" ", 1)[0] + "…"
