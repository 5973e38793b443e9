"""English words that are translated where they are shown: msgid() only marks them for the translators."""


def msgid(text: str) -> str:
    """The text itself; the translators' tool collects the argument."""
    return text
