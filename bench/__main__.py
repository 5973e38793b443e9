"""python -m bench: measure, print the table with its targets, exit with 1 when one is missed.

--quick measures the mirror of 10,000 tickets only, with short rounds.
"""

import re
import signal
import statistics
import sys
import time
from dataclasses import dataclass

from bench import browsing, first_sync, load, money, rt, year
from bench.load import Request
from bench.mirrors import FOLDER, mirror
from bench.served import cookie, processor_time, served, writing

SIZES = (10_000, 100_000)
ROUNDS, SECONDS = 5, 1.2  # of each measurement: the bare answer and ours take turns
WARM_UP = 0.5  # seconds

PART = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "section#list"}
PACKED = {"Accept-Encoding": "gzip, deflate, br, zstd"}

LIST_SHARE, GROWTH, FIRST_LOAD, CLICK = 0.35, 1.2, 60_000, 8_000  # what we promised


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured rate beside the floor of the same rounds."""

    name: str
    rate: float
    floor: float
    processor: float  # milliseconds of it for one answer

    @property
    def share(self) -> float:
        return self.rate / self.floor


def main() -> int:
    """All measurements; how many targets were missed."""
    sizes = SIZES[:1] if "--quick" in sys.argv else SIZES
    rounds = 2 if "--quick" in sys.argv else ROUNDS
    missed = []
    lists = {}
    with served("bench.bare:app") as floor:
        bare = Request(floor, "/hello")
        for tickets in sizes:
            print(f"\n{tickets} tickets in the mirror (made when it is not there yet) …", flush=True)
            mirror(tickets)
            with served("app:app", FOLDER / str(tickets)) as port:
                figures, sizes_of = _measure(port, bare, tickets, rounds)
            _print(figures)
            lists[tickets] = figures[0]
            missed += _check(figures[0].share >= LIST_SHARE, f"list part ≥ {LIST_SHARE:.0%} of bare Flask")
            missed += _check(sizes_of[0] <= FIRST_LOAD, f"first load of /tickets {sizes_of[0]} B ≤ {FIRST_LOAD} B")
            missed += _check(sizes_of[1] <= CLICK, f"a filter click {sizes_of[1]} B ≤ {CLICK} B")
        if len(lists) == 2:
            small, large = (lists[tickets] for tickets in SIZES)
            growth = small.share / large.share
            missed += _check(growth <= GROWTH, f"time at 100,000 is {growth:.2f} × that at 10,000 (≤ {GROWTH})")
        print("\nThe sync of the demo's year over HTTP …", flush=True)
        print(year.measured(load.rate(bare, 2.0)))
    if "--quick" not in sys.argv:
        print("\nThe first sync from the desk …", flush=True)
        for name, figure, is_kept in first_sync.figures():
            missed += _check(is_kept, f"{name}: {figure}")
        print("\nThe first sync from Request Tracker …", flush=True)
        for name, figure, is_kept in rt.run():
            missed += _check(is_kept, f"{name}: {figure}")
        print("\nPeople who browse while a full sync runs …", flush=True)
        for name, figure, is_kept in browsing.figures():
            missed += _check(is_kept, f"{name}: {figure}")
        print("\nMoney …", flush=True)
        for name, figure, is_kept in money.run():
            missed += _check(is_kept, f"{name}: {figure}")
    return len(missed)


def _measure(port: int, bare: Request, tickets: int, rounds: int) -> tuple[list[Figure], tuple[int, int]]:
    signed_in = {"Cookie": cookie(port)} | PACKED
    part = Request(port, "/tickets?state=open", signed_in | PART)
    number = re.search(
        r"/tickets/(\d+)", load.answer(Request(port, "/tickets", {"Cookie": signed_in["Cookie"]}))[1].decode()
    )
    assert number, "the list shows no ticket"
    with writing(tickets):
        time.sleep(2)
        busy = _alternating("list part, changes going on", part, bare, rounds)
    etag = re.search(rb"\r\netag: *(\S+)", load.answer(part)[0], re.IGNORECASE)
    unchanged = Request(port, part.path, part.headers | {"If-None-Match": etag[1].decode()}, 304) if etag else part
    requests = {
        "list part": part,
        "whole list": Request(port, "/tickets", signed_in),
        "ticket page": Request(port, f"/tickets/{number[1]}", signed_in),
        "search part": Request(port, "/tickets?q=tisk%C3%A1rna+helios", signed_in | PART),
        "list part unchanged (304)": unchanged,
        "health": Request(port, "/healthz"),
    }
    quiet = [_alternating(name, request, bare, rounds) for name, request in requests.items()]
    return [busy, *quiet], (_first_load(port, signed_in), len(load.answer(part)[1]))


def _alternating(name: str, ours: Request, bare: Request, rounds: int) -> Figure:
    """The median of rounds in which ours and the floor take turns: a slow moment of the machine meets both."""
    for request in (ours, bare):
        load.rate(request, WARM_UP)
    used, pairs = 0.0, []
    for _ in range(rounds):
        before = processor_time(ours.port)
        pairs.append((load.rate(ours, SECONDS), load.rate(bare, SECONDS)))
        used += processor_time(ours.port) - before
    answers = sum(pair[0] * SECONDS for pair in pairs)
    rate, floor = (statistics.median(rates) for rates in zip(*pairs, strict=True))
    return Figure(name, rate, floor, 1000 * used / answers)


def _first_load(port: int, headers: dict[str, str]) -> int:
    """Bytes of the list with everything it asks for, for a browser that has nothing of it yet."""
    _head, body = load.answer(Request(port, "/tickets", {"Cookie": headers["Cookie"]}))
    files = sorted(set(re.findall(r'(?:src|href)="(/static/[^"]+)"', body.decode())))
    return sum(
        len(load.answer(Request(port, path.replace("&amp;", "&"), headers))[1]) for path in ["/tickets", *files]
    )


def _print(figures: list[Figure]) -> None:
    print(f"  {'':34}{'a second':>10}{'of bare Flask':>15}{'processor':>12}")
    for figure in figures:
        print(f"  {figure.name:34}{figure.rate:>10.0f}{figure.share:>15.0%}{figure.processor:>9.2f} ms")
    print(f"  {'bare Flask response':34}{statistics.median(figure.floor for figure in figures):>10.0f}{'100%':>15}")


def _check(is_kept: bool, promise: str) -> list[str]:
    print(f"  {'kept  ' if is_kept else 'MISSED'}  {promise}")
    return [] if is_kept else [promise]


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ended from outside, it still ends its servers
    sys.exit(min(main(), 1))
