"""A change that somebody makes in the table, in the export or in the digests is found, and named."""

import gzip
from datetime import timedelta
from decimal import Decimal

import pytest

from pointsman.core.archive.archiver import Archiver
from pointsman.core.archive.digest import SignedDigest
from pointsman.core.archive.lines import pack, unpack
from pointsman.core.archive.verify import Verifier
from pointsman.core.trail.item import digest
from pointsmanctl.stack.signatures import is_signature
from tests.support.archive import ArchivedTrail, plain
from tests.support.events import DEV, PROD, after, host, reported, started_rollout, started_run, task
from tests.support.rollouts import MORNING

START, RUN, BUILD = started_rollout(DEV, PROD), started_run(DEV, at=2), reported(DEV, at=3)
ONE, TWO = host(DEV, "web-1", at=4, tasks=[task()]), host(DEV, "web-2", at=5)
PARTITION = START.partition


@pytest.fixture
def trail() -> ArchivedTrail:
    """A rollout over three hours, all of which are closed."""
    trail = ArchivedTrail()
    trail.close(3)
    for events in ((START, RUN), (BUILD,), (ONE, TWO)):
        moved = [event.replace(at=trail.now) for event in events]
        trail.record(*moved)
        trail.close()
    trail.close(2)
    return trail


def test_an_untouched_trail_is_proven(trail: ArchivedTrail) -> None:
    result = trail.verify()
    assert result.proven
    assert (result.events, result.hours, result.with_trail) == (5, 6, True)
    assert result.keys == tuple(trail.archive.public_keys())
    assert trail.verify(offline=True).proven


# --- in the table itself --------------------------------------------------------------------------------------------


def test_a_changed_event_is_named(trail: ArchivedTrail) -> None:
    trail.table[PARTITION, ONE.key]["data"]["status"] = "unchanged"
    [finding] = trail.verify().findings
    assert (finding.kind, finding.where, finding.key) == ("changed", "trail", ONE.key)
    assert finding.hour == MORNING.replace(hour=13)
    assert finding.detail == f"{ONE.key} of {PARTITION} is not in the trail as it was archived"


@pytest.mark.parametrize(("name", "value"), [("actor", "mallory"), ("at", "2020-01-01T00:00:00.000000Z"), ("at", "")])
def test_a_changed_attribute_beside_the_data_is_found(trail: ArchivedTrail, name: str, value: str) -> None:
    trail.table[PARTITION, RUN.key][name] = value
    assert trail.found() == [("changed", "trail", RUN.key)]


def test_a_removed_event_is_named(trail: ArchivedTrail) -> None:
    del trail.table[PARTITION, BUILD.key]
    assert trail.found() == [("removed", "trail", BUILD.key)]


def test_an_inserted_event_is_named(trail: ArchivedTrail) -> None:
    trail.put(host(DEV, "web-9").replace(at=MORNING + timedelta(hours=3, minutes=30)))
    assert trail.found() == [("inserted", "trail", host(DEV, "web-9").key)]


def test_an_inserted_event_without_a_time_is_named(trail: ArchivedTrail) -> None:
    trail.put(host(DEV, "web-9"), at="never")
    assert trail.found() == [("inserted", "trail", host(DEV, "web-9").key)]


def test_an_inserted_event_with_a_time_in_the_future_is_named(trail: ArchivedTrail) -> None:
    inserted = host(DEV, "web-9").replace(at=trail.now + timedelta(days=3650))
    trail.put(inserted)
    assert trail.found() == [("inserted", "trail", inserted.key)]
    trail.close(24 * 3)
    assert trail.found() == [("inserted", "trail", inserted.key)]


def test_two_events_that_changed_places_are_named(trail: ArchivedTrail) -> None:
    one, two = trail.table[PARTITION, ONE.key], trail.table[PARTITION, TWO.key]
    trail.table[PARTITION, ONE.key] = {**two, "sk": ONE.key}
    trail.table[PARTITION, TWO.key] = {**one, "sk": TWO.key}
    assert trail.found() == [("reordered", "trail", ONE.key), ("reordered", "trail", TWO.key)]


def test_the_first_of_several_is_named_first(trail: ArchivedTrail) -> None:
    del trail.table[PARTITION, TWO.key]
    trail.table[PARTITION, START.key]["data"]["actor"] = trail.table[PARTITION, START.key]["actor"] = "mallory"
    assert trail.found() == [("changed", "trail", START.key), ("removed", "trail", TWO.key)]


def test_what_the_stream_has_seen_is_named_with_its_time(trail: ArchivedTrail) -> None:
    trail.stream(trail.put(RUN.replace(actor="mallory"), "MODIFY"))
    trail.stream(trail.change(trail.table.pop((PARTITION, ONE.key)), "REMOVE"))
    trail.close(2)
    changed, removed = trail.verify().findings
    assert (changed.kind, changed.key, removed.kind, removed.key) == ("changed", RUN.key, "removed", ONE.key)
    assert changed.detail.endswith("was overwritten at 2026-11-23 16:00:00")
    assert removed.detail.endswith("was removed at 2026-11-23 16:00:00")


def test_an_event_that_was_removed_and_put_back_is_named(trail: ArchivedTrail) -> None:
    trail.stream(trail.change(trail.table[PARTITION, ONE.key], "REMOVE"))
    trail.stream(trail.put(ONE.replace(at=MORNING.replace(hour=13), status="ok")))
    trail.close(2)
    removed, changed = trail.verify().findings
    assert (removed.kind, removed.key, changed.kind, changed.key) == ("removed", ONE.key, "changed", ONE.key)
    assert removed.detail.endswith("was removed at 2026-11-23 16:00:00")
    assert changed.detail.endswith("was overwritten at 2026-11-23 16:00:00")


def test_another_event_in_the_place_of_one_that_expired_is_named(trail: ArchivedTrail) -> None:
    del trail.table[PARTITION, ONE.key]  # DynamoDB's own removals are not archived
    trail.stream(trail.put(ONE.replace(at=MORNING.replace(hour=13), status="ok")))
    trail.close(2)
    assert trail.found() == [("changed", "trail", ONE.key)]


def test_the_same_event_in_two_digests_is_no_alteration(trail: ArchivedTrail) -> None:
    item = trail.table[PARTITION, ONE.key]
    trail.stream(trail.change(item, "INSERT"))
    trail.close(2)
    assert trail.verify().proven


def test_what_was_overwritten_in_a_range_is_named_though_it_is_older(trail: ArchivedTrail) -> None:
    trail.stream(trail.put(RUN.replace(actor="mallory"), "MODIFY"))
    trail.close(2)
    assert trail.found(first=MORNING.replace(hour=15)) == [("changed", "trail", RUN.key)]


# --- in the export --------------------------------------------------------------------------------------------------


def export(trail: ArchivedTrail, hour: int = 13) -> str:
    [name] = [name for name in trail.archive.export if f"hour={hour}" in name]
    return name


def test_a_changed_line_is_named(trail: ArchivedTrail) -> None:
    lines = unpack(trail.archive.export[export(trail)])
    lines[1]["data"]["status"] = "failed"
    trail.archive.export[export(trail)] = pack(lines)
    assert trail.found() == [("changed", "archive", TWO.key)]


@pytest.mark.parametrize(
    "name", ["event_time", "actor", "previous", "written_at", "from_table", "expires_at", "sha256", "link", "sequence"]
)
def test_a_changed_field_of_a_line_is_found(trail: ArchivedTrail, name: str) -> None:
    lines = unpack(trail.archive.export[export(trail)])
    other = {
        "event_time": "2020-01-01T00:00:00Z",
        "written_at": "2020-01-01T00:00:00Z",
        "from_table": True,
        "expires_at": 99,
        "sequence": 99,
    }
    lines[0][name] = other.get(name, "0" * 64)
    trail.archive.export[export(trail)] = pack(lines)
    assert trail.found() == [("changed", "archive", ONE.key)]


def test_a_removed_line_an_inserted_line_and_lines_in_another_order_are_named(trail: ArchivedTrail) -> None:
    one, two = unpack(trail.archive.export[export(trail)])
    forged = {**two, "event_key": "HostResultRecorded#forged"}
    for lines, found in (
        ([one], ("removed", "archive", TWO.key)),
        ([one, two, forged], ("inserted", "archive", "HostResultRecorded#forged")),
        ([one, two, two], ("inserted", "archive", TWO.key)),
        ([two, one], ("reordered", "archive", TWO.key)),
        ([{**one, "data": two["data"]}, {**two, "data": one["data"]}], ("reordered", "archive", ONE.key)),
    ):
        trail.archive.export[export(trail)] = pack(lines)
        assert trail.found()[0] == found


@pytest.mark.parametrize("content", [None, b"", b"nothing", pack([{"at": 1}]), gzip.compress(b"[]\n", mtime=0)])
def test_a_file_that_is_gone_or_unreadable_is_found(trail: ArchivedTrail, content: bytes | None) -> None:
    name = export(trail)
    del trail.archive.export[name]
    if content is not None:
        trail.archive.export[name] = content
    assert trail.found()[0] == ("removed", "archive", ONE.key)


# --- in the digests -------------------------------------------------------------------------------------------------


def name_of(hour: int) -> str:
    return f"digests/2026/11/23/{hour:02d}.json.gz"


def test_a_changed_digest_is_named_by_its_hour(trail: ArchivedTrail) -> None:
    signed = SignedDigest.read_bytes(trail.archive.locked[name_of(12)])
    forged = signed.replace(text=signed.text.replace(BUILD.key, "BuildReported#forged"))
    trail.archive.locked[name_of(12)] = forged.to_bytes()
    [finding, *_] = trail.verify().findings
    assert finding.detail == "The digest of 2026-11-23 12:00 does not have a valid signature"


def test_a_digest_whose_signature_is_no_number_is_named(trail: ArchivedTrail) -> None:
    signed = SignedDigest.read_bytes(trail.archive.locked[name_of(12)])
    trail.archive.locked[name_of(12)] = signed.replace(signature="none").to_bytes()
    [finding, *_] = trail.verify().findings
    assert finding.detail == "The digest of 2026-11-23 12:00 does not have a valid signature"


def test_an_object_beside_the_digests_is_no_digest(trail: ArchivedTrail) -> None:
    trail.archive.locked["digests/2026/11/23/xx.json.gz"] = trail.archive.locked[name_of(12)]
    assert trail.verify().proven


@pytest.mark.parametrize(
    "content", [b"", b"nothing", gzip.compress(b"{}\n{}\n", mtime=0), gzip.compress(b"\xff\n\n", mtime=0)]
)
def test_a_digest_that_cannot_be_read_is_named(trail: ArchivedTrail, content: bytes) -> None:
    trail.archive.locked[name_of(12)] = content
    assert trail.verify().findings[0].detail == "The digest of 2026-11-23 12:00 cannot be read"


def test_a_digest_of_another_hour_or_another_key_is_named(trail: ArchivedTrail) -> None:
    trail.archive.locked[name_of(12)] = trail.archive.locked[name_of(11)]
    assert trail.verify().findings[0].detail == "The digest of 2026-11-23 12:00 is that of 2026-11-23 11:00"
    other = ArchivedTrail()
    other.now = MORNING + timedelta(hours=5, minutes=20)
    list(other.archiver.run(lambda: other.now, lambda: False))
    trail.archive.locked[name_of(12)] = other.archive.locked[name_of(12)]
    assert "The digest of 2026-11-23 12:00 was signed with another key" in trail.verify().findings[0].detail


def test_a_missing_digest_is_named(trail: ArchivedTrail) -> None:
    del trail.archive.locked[name_of(12)]
    [finding, *_] = trail.verify().findings
    assert (finding.kind, finding.where) == ("missing", "digest")
    assert finding.detail == "The digest of 2026-11-23 12:00 is missing"


def test_the_first_digest_cannot_be_missing_and_the_last_must_be_recent(trail: ArchivedTrail) -> None:
    del trail.archive.locked[name_of(9)]
    assert trail.verify().findings[0].detail.startswith("The digest of 2026-11-23 09:00 is missing")
    trail.now += timedelta(minutes=75)
    del trail.archive.locked[name_of(14)]
    assert (
        trail.verify(MORNING.replace(hour=12))
        .findings[-1]
        .detail.startswith("There is no digest since that of 2026-11-23 13:00")
    )


def test_the_first_digests_of_a_range_cannot_be_missing(trail: ArchivedTrail) -> None:
    assert trail.verify(MORNING - timedelta(days=30)).proven  # the archive has begun since
    for hour in (9, 10, 11):
        del trail.archive.locked[name_of(hour)]
    [finding] = trail.verify(MORNING.replace(hour=10), offline=True).findings
    assert finding.detail == "The digest of 2026-11-23 11:00 is missing, and maybe those before it"
    assert trail.verify(MORNING.replace(hour=12), offline=True).proven


def test_the_last_hour_of_a_range_may_not_be_missing_though_the_range_ends_in_it(trail: ArchivedTrail) -> None:
    end = MORNING.replace(hour=12, minute=30)
    trail.now += timedelta(hours=1)
    assert trail.verify(until=end).findings == ()
    for hour in (12, 13, 14):
        del trail.archive.locked[name_of(hour)]
    findings = trail.verify(until=end, offline=True).findings
    assert [(each.kind, each.where, each.hour.hour) for each in findings] == [("missing", "digest", 12)]
    assert trail.verify(until=end.replace(minute=0), offline=True).findings == ()


def test_a_digest_that_the_key_signed_anew_does_not_fit_the_next_one(trail: ArchivedTrail) -> None:
    """Somebody with the right to sign cannot replace one hour alone."""
    archive = trail.archive
    before = ArchivedTrail()
    before.archive.locked = {name: archive.locked[name] for name in (name_of(9), name_of(10), name_of(11))}
    again = Archiver(before.archive, trail.signer, "audit")
    list(again.run(lambda: MORNING.replace(hour=13, minute=20), lambda: False))
    archive.locked[name_of(12)] = before.archive.locked[name_of(12)]
    details = [each.detail for each in trail.verify().findings]
    assert "The digest of 2026-11-23 13:00 does not have the hash of the digest before it" in details


# --- what is no manipulation ----------------------------------------------------------------------------------------


def test_an_event_of_the_last_minutes_or_in_a_segment_waits_for_its_digest(trail: ArchivedTrail) -> None:
    trail.put(host(DEV, "web-8").replace(at=trail.now - timedelta(minutes=1)))
    trail.now -= timedelta(minutes=40)
    trail.record(host(DEV, "web-9").replace(at=trail.now))
    trail.now += timedelta(minutes=40)
    result = trail.verify()
    assert (result.proven, result.waiting) == (True, 2)


def test_an_event_of_a_clock_that_is_ahead_or_that_comes_while_the_trail_is_read_waits(trail: ArchivedTrail) -> None:
    trail.put(host(DEV, "web-8").replace(at=trail.now + timedelta(minutes=4)))
    assert (trail.verify().proven, trail.verify().waiting) == (True, 1)
    trail.put(host(DEV, "web-9").replace(at=trail.now + timedelta(minutes=20)))
    assert not trail.verify().proven
    keys, later = trail.archive.public_keys(), trail.now + timedelta(minutes=20)
    result = Verifier(trail.whole, keys, is_signature, trail, trail.now, clock=lambda: later).verify()
    assert (result.proven, result.waiting) == (True, 2)


def test_events_from_before_the_archive_are_counted_and_can_be_archived_later() -> None:
    trail = ArchivedTrail()
    trail.put(START)
    trail.close(3)
    trail.record(RUN.replace(at=trail.now))
    trail.close(2)
    result = trail.verify()
    assert (result.proven, result.older, result.events) == (True, 1, 1)


def test_an_event_that_came_long_after_it_happened_is_counted_and_named(trail: ArchivedTrail) -> None:
    trail.record(host(DEV, "web-9").replace(at=after(0)))
    trail.close(2)
    result = trail.verify()
    assert (result.proven, result.late) == (True, 1)
    assert result.first_late == f"{host(DEV, 'web-9').key} of {PARTITION}"


def test_a_range_is_verified_alone_and_explained_by_what_came_later(trail: ArchivedTrail) -> None:
    twelve, thirteen = MORNING.replace(hour=12), MORNING.replace(hour=13)
    result = trail.verify(twelve, thirteen)
    assert (result.proven, result.events, result.first, result.until) == (True, 1, twelve, thirteen)
    del trail.table[PARTITION, TWO.key]
    assert trail.verify(twelve, thirteen).proven
    assert trail.found(first=thirteen) == [("removed", "trail", TWO.key)]


def test_without_a_digest_nothing_is_proven() -> None:
    assert not ArchivedTrail().verify().proven


def test_the_hash_of_an_item_is_the_same_after_the_export() -> None:
    """Numbers and other alphabets take the way through JSON unharmed."""
    item = plain({"data": {"a": 1, "b": Decimal("1.5"), "c": "Zoë ✓", "d": [True, None, 10**15]}})
    [line] = unpack(pack([item]))
    assert digest(line["data"]) == digest(item["data"])
