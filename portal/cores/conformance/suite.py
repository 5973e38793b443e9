"""The suite: every promise tried in turn, and what came of each."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from portal.cores.conformance import access, conversations, money, notes, sequence, shapes
from portal.cores.conformance.promises import PROMISES, BrokenPromise, Promise, Trial
from portal.cores.conformance.stage import Missing, NoStage, Stage, StageFailed, file
from portal.cores.conformance.wire import Exchange, Wire
from portal.errors import CoreAway

TRIALS = (shapes, sequence, access, conversations, money, notes)  # their modules register what they try


class Verdict(StrEnum):
    """What came of a trial."""

    KEPT = "kept"
    BROKEN = "broken"
    LEFT_OUT = "left out"  # nothing to try it with
    UNKNOWN = "unknown"  # the stage failed


@dataclass(frozen=True, slots=True)
class Outcome:
    """A promise and what came of trying it; why is empty for one that was kept."""

    promise: Promise
    verdict: Verdict
    why: str = ""
    exchanges: tuple[Exchange, ...] = ()


def run(
    url: str,
    token: str,
    *,
    write_to: str = "",
    stage: Stage | None = None,
    only: Iterable[str] = (),
    told: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Try the promises, those named or all. write_to: core_id of a live ticket that may get notes.

    Raises CoreAway when the core cannot be reached at all.
    """
    chosen = [PROMISES[name] for name in only] or list(PROMISES.values())
    Wire(url, token).get("companies")
    trial = Trial(Wire(url, token), stage or NoStage(), write_to)
    _furnish(trial)
    outcomes = []
    for promise in chosen:
        outcomes.append(_tried(promise, trial))
        told(outcomes[-1])
    return outcomes


def _furnish(trial: Trial) -> None:
    """With a stage: tickets of both companies with something of every kind, so that there is something to look at."""
    with suppress(Missing, StageFailed, BrokenPromise, *_WRONGLY_TOLD):  # what is wrong is found again by a promise
        for company in (0, 1):
            ticket = trial.mail("Výkaz", "V příloze.", company=company, files=[file("a.csv", b"1;2")])
            for verb, what in _FURNITURE:
                with suppress(Missing):
                    trial.stage.play(verb, ticket=ticket, category=trial.category, **what)
            trial.mail("Omyl", company=company)


_WRONGLY_TOLD = (KeyError, TypeError, ValueError, AttributeError, IndexError)
_FURNITURE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("answer", {"text": "Podívám se.", "hours": "0.75"}),
    ("note_internally", {"text": "Uvnitř.", "hours": "0.25"}),
    ("assign", {}),
    ("due", {"day": "2030-01-15"}),
    ("ask_approval", {"question": "Smíme?"}),
)


def _tried(promise: Promise, trial: Trial) -> Outcome:
    trial.wire.exchanges.clear()
    try:
        if promise.needs == "write" and not trial.write_to:
            trial.write_to = trial.mail("Poznámky")
        promise.try_it(trial)
    except Missing as error:
        is_about_writing = promise.needs == "write" and not trial.write_to
        words = "no ticket that may get notes: --write TICKET" if is_about_writing else str(error)
        return Outcome(promise, Verdict.LEFT_OUT, words)
    except StageFailed as error:
        return Outcome(promise, Verdict.UNKNOWN, str(error))
    except (BrokenPromise, CoreAway) as error:
        return Outcome(promise, Verdict.BROKEN, str(error), tuple(trial.wire.exchanges))
    except _WRONGLY_TOLD as error:
        why = f"what is told lacks something, or is of another type: {type(error).__name__}: {error}"
        return Outcome(promise, Verdict.BROKEN, why, tuple(trial.wire.exchanges))
    return Outcome(promise, Verdict.KEPT)
