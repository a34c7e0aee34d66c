"""Any single change of any trail is found, and named."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.core.archive.lines import pack, unpack
from tests.support.archive import ArchivedTrail
from tests.support.events import DEV, host, started_run

# Each event: how many hours pass before it, its rollout and its host.
STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["r-1", "r-2", "r-3"]), st.sampled_from(["web-1", "db"])),
    min_size=2,
    max_size=6,
)


def archived(steps: list[tuple[int, str, str]]) -> ArchivedTrail:
    trail = ArchivedTrail()
    trail.close(3)
    for number, (hours, rollout, name) in enumerate(steps):
        if hours:
            trail.close(hours)
        trail.record(host(DEV, f"{name}-{number}").replace(rollout=rollout, at=trail.now, attempt=number + 1))
    trail.close(3)
    assert trail.verify().proven
    return trail


def data_of(draw: st.DataObject, trail: ArchivedTrail) -> tuple[str, str]:
    return draw.draw(st.sampled_from(sorted(trail.table)))


@settings(max_examples=20)
@given(STEPS, st.data())
def test_a_change_of_the_table(steps: list[tuple[int, str, str]], draw: st.DataObject) -> None:
    trail = archived(steps)
    key = data_of(draw, trail)
    field = draw.draw(st.sampled_from(sorted(trail.table[key]["data"])))
    trail.table[key]["data"][field] = draw.draw(st.sampled_from(["forged", 4711, {"a": None}]))
    assert ("changed", "trail", key[1]) in trail.found()
    assert len(trail.found()) == 1


@settings(max_examples=15)
@given(STEPS, st.data())
def test_a_removal_from_the_table(steps: list[tuple[int, str, str]], draw: st.DataObject) -> None:
    trail = archived(steps)
    key = data_of(draw, trail)
    others = [each for each in trail.table if each[0] == key[0] and each != key]
    del trail.table[key]
    assert trail.found() == [("removed", "trail", key[1])], others


@settings(max_examples=15)
@given(STEPS, st.data(), st.integers(1, 60 * 24))
def test_an_insertion_into_the_table(steps: list[tuple[int, str, str]], draw: st.DataObject, minutes: int) -> None:
    trail = archived(steps)
    partition, _ = data_of(draw, trail)
    forged = started_run(DEV).replace(rollout=partition.removeprefix("ROLLOUT#"))
    first = min(item["at"] for item in trail.table.values())
    moment = forged.at.fromisoformat(first) + timedelta(minutes=minutes)
    trail.put(forged.replace(at=min(moment, trail.now - timedelta(hours=1))))
    assert trail.found() == [("inserted", "trail", forged.key)]


@settings(max_examples=15)
@given(STEPS, st.data())
def test_a_swap_in_the_table(steps: list[tuple[int, str, str]], draw: st.DataObject) -> None:
    trail = archived(steps)
    (pk1, sk1), (pk2, sk2) = (data_of(draw, trail) for _ in range(2))
    if (pk1, sk1) == (pk2, sk2):
        return
    one, two = trail.table[pk1, sk1], trail.table[pk2, sk2]
    trail.table[pk1, sk1], trail.table[pk2, sk2] = {**two, "pk": pk1, "sk": sk1}, {**one, "pk": pk2, "sk": sk2}
    kind = "reordered" if pk1 == pk2 else "changed"
    assert sorted(trail.found()) == sorted([(kind, "trail", sk1), (kind, "trail", sk2)])


@settings(max_examples=30)
@given(STEPS, st.data(), st.sampled_from(["change", "remove", "insert", "repeat", "swap"]))
def test_one_change_of_the_export(steps: list[tuple[int, str, str]], draw: st.DataObject, what: str) -> None:
    trail = archived(steps)
    name = draw.draw(st.sampled_from(sorted(each for each in trail.archive.export if each.startswith("events/"))))
    lines = unpack(trail.archive.export[name])
    at = draw.draw(st.integers(0, len(lines) - 1))
    wanted = _alter(lines, at, what, draw)
    if wanted is None:
        return
    trail.archive.export[name] = pack(lines)
    kind, key = wanted
    assert (kind, "archive", key) in trail.found()
    assert (kind, "archive", key) in trail.found(offline=True)


def _alter(lines: list[dict[str, Any]], at: int, what: str, draw: st.DataObject) -> tuple[str, str] | None:
    line = lines[at]
    key = line["event_key"]
    if what == "change":
        line["data"]["status"] = "forged"
        return "changed", key
    if what == "remove":
        del lines[at]
        return "removed", key
    if what == "insert":
        lines.insert(at, {**line, "event_key": "forged"})
        return "inserted", "forged"
    if what == "repeat":
        lines.insert(at, dict(line))
        return "inserted", key
    other = draw.draw(st.integers(0, len(lines) - 1))
    if other == at:
        return None
    lines[at], lines[other] = lines[other], line
    return "reordered", lines[min(at, other)]["event_key"]


@settings(max_examples=15)
@given(STEPS, st.data(), st.sampled_from(["change", "remove"]), st.integers(10, 10_000))
def test_one_change_of_the_digests(
    steps: list[tuple[int, str, str]], draw: st.DataObject, what: str, place: int
) -> None:
    trail = archived(steps)
    names = sorted(each for each in trail.archive.locked if each.startswith("digests/"))
    name = draw.draw(st.sampled_from(names[1:-1]))  # the first and the last are tests of their own
    content = trail.archive.locked.pop(name)
    if what == "change":
        at = 10 + place % (len(content) - 10)  # after gzip's header
        trail.archive.locked[name] = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    kinds = {(each.kind, each.where, f"{each.hour:%Y/%m/%d/%H}") for each in trail.verify().findings}
    hour = name.removeprefix("digests/").removesuffix(".json.gz")
    assert ("changed" if what == "change" else "missing", "digest", hour) in kinds
