"""What came of the suite: plain words, JSON for programs, JUnit for a CI."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from portal.cores.conformance.suite import Outcome, Verdict

_SIGNS = {Verdict.KEPT: "✓", Verdict.BROKEN: "✗", Verdict.LEFT_OUT: "–", Verdict.UNKNOWN: "?"}


def line(outcome: Outcome) -> str:
    """One promise in a line; a broken one with what was asked and answered below it."""
    said = f"{_SIGNS[outcome.verdict]} {outcome.promise.words}"
    if outcome.verdict is Verdict.KEPT:
        return said
    return "\n".join([said, f"    {outcome.verdict}: {outcome.why}", *_evidence(outcome)])


def summary(outcomes: Iterable[Outcome]) -> str:
    """45 kept, 1 broken, …"""
    counts = Counter(outcome.verdict for outcome in outcomes)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict)


def as_json(url: str, outcomes: Sequence[Outcome]) -> str:
    """One object: the address and every promise with its verdict, why, and the last exchanges."""
    promises = [
        {
            "name": outcome.promise.name,
            "promise": outcome.promise.words,
            "verdict": outcome.verdict,
            "why": outcome.why,
            "exchanges": [{"asked": one.asked, "answered": one.answered} for one in outcome.exchanges],
        }
        for outcome in outcomes
    ]
    return json.dumps({"core": url, "promises": promises}, ensure_ascii=False, indent=1)


def as_junit(outcomes: Sequence[Outcome]) -> str:
    """A testsuite with a testcase a promise."""
    counts = Counter(outcome.verdict for outcome in outcomes)
    suite = ET.Element(
        "testsuite",
        name="Core API v1",
        tests=str(len(outcomes)),
        failures=str(counts[Verdict.BROKEN]),
        errors=str(counts[Verdict.UNKNOWN]),
        skipped=str(counts[Verdict.LEFT_OUT]),
    )
    for outcome in outcomes:
        case = ET.SubElement(suite, "testcase", classname="core-api-v1", name=outcome.promise.name)
        element = _JUNIT.get(outcome.verdict)
        if element:
            said = ET.SubElement(case, element, message=_printable(outcome.why))
            said.text = _printable("\n".join([outcome.promise.words, *_evidence(outcome)]))
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)


_JUNIT = {Verdict.BROKEN: "failure", Verdict.LEFT_OUT: "skipped", Verdict.UNKNOWN: "error"}


def _evidence(outcome: Outcome) -> list[str]:
    lines = []
    for exchange in outcome.exchanges[-1:]:
        lines += [f"    > {row}" for row in exchange.asked.splitlines()]
        lines += [f"    < {row}" for row in exchange.answered.splitlines()]
    return lines


def _printable(text: str) -> str:
    """XML takes no control characters."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "�" for sign in text)
