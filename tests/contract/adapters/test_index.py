"""The index: DynamoDB (on moto) and the one in memory behave the same."""

from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest
from moto import mock_aws

from pointsman.adapters.dynamodb import marshal
from pointsman.adapters.index_memory import MemoryIndex
from pointsman.adapters.reindex_dynamodb import DynamoIndexTable
from pointsman.core.index.entries import StoredEntry, entries_of, host_entry_of
from pointsman.core.index.entry import Cause
from pointsman.core.index.facets import Facet, partition
from pointsman.core.index.indexer import EntryWriter
from pointsman.core.index.streams import NEWEST, EntryReader, EntryStream, PageRequest, spans_of
from pointsman.core.trail.events import read_event
from tests.support.events import DEV, EVENTS, PROD, host, sample
from tests.support.tables import create_tables

SAMPLES = sorted(path.stem for path in (EVENTS / "ours").glob("*.json"))
CAUSE = Cause(ref="refs/heads/main", authors=("ada",), repository="acme/infra", route="site")
type Index = tuple[EntryWriter, EntryReader]


@pytest.fixture(params=["memory", "dynamodb"])
def index(request: pytest.FixtureRequest) -> Iterator[Index]:
    if request.param == "memory":
        memory = MemoryIndex()
        yield memory, memory
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_tables(client)
        table = DynamoIndexTable(client, "index")
        yield table, table


def whole(reader: EntryReader, name: str) -> list[StoredEntry]:
    [page] = reader.pages([PageRequest(partition=name, limit=1_000)])
    return [StoredEntry(pk=name, sk=each.sort_key, entry=each.entry) for each in page.entries]


def test_the_entries_of_every_event_are_read_as_they_were_written(index: Index) -> None:
    writer, reader = index
    entries = [each for name in SAMPLES for each in entries_of(read_event(sample(f"ours/{name}.json")), CAUSE)]
    entries = list({(each.pk, each.sk): each for each in entries}.values())  # samples of commands share their ids
    writer.write(entries, [])
    assert len(entries) > 100
    for name in {each.pk for each in entries}:
        expected = sorted((each for each in entries if each.pk == name), key=lambda each: each.sk, reverse=True)
        assert whole(reader, name) == expected


def test_a_page_ends_where_the_next_begins(index: Index) -> None:
    writer, reader = index
    events = [host(DEV, f"web-{number}", at=number) for number in range(9)]
    entries = [each for event in events for each in entries_of(event) if each.pk == partition(Facet.TARGET, DEV)]
    writer.write(entries, [])
    found, before = list[str](), NEWEST
    while True:
        [page] = reader.pages([PageRequest(partition=entries[0].pk, before=before, limit=4)])
        found += [each.sort_key for each in page.entries]
        if not page.more:
            break
        before = page.entries[-1].sort_key
    assert found == sorted((each.sk for each in entries), reverse=True)
    oldest = sorted(found)[5]
    [page] = reader.pages([PageRequest(partition=entries[0].pk, oldest=oldest, limit=100)])
    assert [each.sort_key for each in page.entries] == found[:4]
    assert not page.more


def test_entries_are_deleted_and_written_over(index: Index) -> None:
    writer, reader = index
    stored = entries_of(host(DEV, "web-1"))
    writer.write(stored, [])
    other = [StoredEntry(pk=each.pk, sk=each.sk, entry=each.entry.replace(detail="other")) for each in stored[:1]]
    writer.write(other, stored[1:])
    assert whole(reader, stored[0].pk) == other
    assert all(whole(reader, each.pk) == [] for each in stored[1:] if each.pk != stored[0].pk)


def test_more_entries_than_a_batch_has_are_all_written(index: Index) -> None:
    writer, reader = index
    of_target = partition(Facet.TARGET, DEV)
    events = [host(DEV, f"web-{number:03d}", at=number) for number in range(70)]
    writer.write([each for event in events for each in entries_of(event)], [])
    assert len(whole(reader, of_target)) == 70


def test_a_host_is_known_by_its_newest_result(index: Index) -> None:
    writer, reader = index
    for at, status in ((20, "failed"), (10, "changed"), (15, "ok")):
        stored = host_entry_of(host(DEV, "web-1", at=at, status=status))
        assert stored
        writer.put_host(stored)
    for target, name in ((PROD, "web-1"), (DEV, "web-10")):
        stored = host_entry_of(host(target, name))
        assert stored
        writer.put_host(stored)
    assert [(each.target, each.outcome) for each in reader.hosts("web-1")] == [(DEV, "failed"), (PROD, "changed")]
    assert [each.host for each in reader.hosts()] == ["web-1", "web-1", "web-10"]
    assert reader.hosts("web") == []


def test_targets_are_known_once(index: Index) -> None:
    writer, reader = index
    for name in (PROD, DEV, PROD):
        writer.put_target(name)
    assert reader.targets() == [DEV, PROD]


def test_a_host_of_an_older_and_a_newer_result_at_the_same_time_is_kept(index: Index) -> None:
    writer, reader = index
    first = host_entry_of(host(DEV, "web-1", at=5, status="ok"))
    assert first
    writer.put_host(first)
    writer.put_host(first)
    assert [each.at for each in reader.hosts("web-1")] == [host(DEV, at=5).at]
    assert timedelta(0) == reader.hosts("web-1")[0].at - host(DEV, at=5).at


def test_the_whole_index_is_read_in_segments_and_by_keys(index: Index) -> None:
    table = index[0]
    assert isinstance(table, MemoryIndex | DynamoIndexTable)
    entries = {(each.pk, each.sk): each for each in entries_of(host(DEV, "web-1"))}
    table.write(entries.values(), [])
    found = [item for segment in range(3) for page in table.scan(segment, 3) for item in page]
    assert {(item["pk"], item["sk"]): item for item in found} == {key: each.item() for key, each in entries.items()}
    first, *others = entries
    assert table.stored([first, ("host#none", "0")]) == {first: entries[first].item()}
    table.delete([first, ("host#none", "0")])
    assert table.stored(entries.keys()).keys() == {*others}


def test_entries_that_only_a_newer_version_can_read_hide_none_of_the_others() -> None:
    with mock_aws():
        client = boto3.client("dynamodb")
        create_tables(client)
        table = DynamoIndexTable(client, "index")
        of_target = partition(Facet.TARGET, DEV)
        events = [host(DEV, f"web-{number:03d}", at=number) for number in range(400)]
        table.write([each for event in events for each in entries_of(event) if each.pk == of_target], [])
        for each in whole(table, of_target)[3:390]:
            client.put_item(TableName="index", Item=marshal({"pk": each.pk, "sk": each.sk, "type": 7}))
        found = [each.entry.host for each in EntryStream(table, spans_of([of_target], "", NEWEST))]
        assert found == [f"web-{number:03d}" for number in (*range(399, 396, -1), *range(9, -1, -1))]


def test_a_host_that_only_a_newer_version_can_read_hides_none_of_the_others() -> None:
    with mock_aws():
        client = boto3.client("dynamodb")
        create_tables(client)
        table = DynamoIndexTable(client, "index")
        stored = host_entry_of(host(DEV, "web-1"))
        assert stored
        table.put_host(stored)
        client.put_item(TableName="index", Item=marshal({"pk": stored.pk, "sk": f"web-1#{PROD}", "outcome": 7}))
        assert [each.target for each in table.hosts("web-1")] == [DEV]
