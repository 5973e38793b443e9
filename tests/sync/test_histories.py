"""Whatever happens in a core, and however often it is read meanwhile, the mirror shows what one reading shows."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.sync import verify
from tests.cores.memory import MemoryCore
from tests.sync.conftest import JANA, entry, event, message, stone, ticket, whole_mirror
from tests.sync.test_deaths import _empty

# One thing that happens: to which of two tickets, and what it is from then on.
HAPPENINGS = st.tuples(
    st.integers(1, 2),
    st.none()  # it is removed
    | st.fixed_dictionaries(
        {
            "company": st.sampled_from(["vltava", "vltava", "hora", "", "nobody"]),
            "state": st.sampled_from(["open", "done"]),
            "subject": st.sampled_from(["Tisk", "Server"]),
            "messages": st.sets(st.sampled_from(["ma", "mb"])),
            "hours": st.dictionaries(st.sampled_from(["ea", "eb"]), st.sampled_from(["0.25", "1.00"])),
            "events": st.sets(st.sampled_from(["va", "vb"])),
        }
    ),
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(HAPPENINGS, min_size=4, max_size=8), st.integers(1, 2))
def test_many_runs_show_what_one_run_shows(app, core, sync, happenings, reads_after):
    _empty()
    told = MemoryCore(page=2, told_companies=core.told_companies)
    for place, (number, facts) in enumerate(happenings):
        told.put(_change(number, facts))
        if place % reads_after == 0:
            sync(other=told)
    sync(other=told)
    assert verify.faults() == []
    many = _shown()
    _empty()
    sync(other=told)
    assert _shown() == many


def _change(number: int, facts: dict | None):
    """Names below a ticket are its own: what happens when two tickets claim one thing is told elsewhere."""
    if facts is None:
        return stone(f"t{number}")
    hours = sorted(facts["hours"].items())
    return ticket(
        number,
        messages=tuple(message(f"{name}{number}", author=JANA) for name in sorted(facts["messages"])),
        time_entries=tuple(entry(f"{name}{number}", value) for name, value in hours),
        events=tuple(event(f"{name}{number}") for name in sorted(facts["events"])),
        **{name: facts[name] for name in ("company", "state", "subject")},
    )


def _shown() -> dict[str, list]:
    """What a page could show: live rows under live tickets, without the mirror's memory of how it came to them."""
    told = {table: [dict(row) for row in rows] for table, rows in whole_mirror().items()}
    live = {row["core_id"] for row in told["ticket"] if row["withdrawn_at"] is None}
    shown = {"ticket_count": [row for row in told["ticket_count"] if row["tickets"]]}
    for table in ("ticket", "message", "time_entry", "ticket_event"):
        rows = [row for row in told[table] if row.get("withdrawn_at") is None]
        shown[table] = [
            {name: value for name, value in row.items() if name not in _MEMORY}
            for row in rows
            if row.get("ticket_id", row["core_id"]) in live
        ]
    return shown


_MEMORY = {"version", "first_noticed_at"}
