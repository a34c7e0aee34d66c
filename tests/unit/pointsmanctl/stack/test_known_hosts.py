"""Hosts as people name them."""

import pytest

from pointsman.adapters.index_memory import MemoryIndex
from pointsman.core.index.entries import host_entry_of
from pointsmanctl.errors import NotFound
from pointsmanctl.stack.known_hosts import find_host
from tests.support.events import DEV, PROD, host


@pytest.fixture(scope="module")
def index() -> MemoryIndex:
    index = MemoryIndex()
    for event in (host(DEV, "web-1"), host(PROD, "web-1"), host("prod/us-east-1", "web-1"), host(DEV, "db/1")):
        entry = host_entry_of(event)
        assert entry
        index.put_host(entry)
    return index


@pytest.mark.parametrize(
    ("text", "name", "targets", "account", "region"),
    [
        ("web-1", "web-1", (DEV, PROD, "prod/us-east-1"), None, None),
        ("prod/web-1", "web-1", (PROD, "prod/us-east-1"), "prod", None),
        ("prod/us-east-1/web-1", "web-1", ("prod/us-east-1",), "prod", "us-east-1"),
        ("db/1", "db/1", (DEV,), None, None),
        ("dev/eu-west-1/db/1", "db/1", (DEV,), "dev", "eu-west-1"),
    ],
)
def test_a_host_is_named_alone_or_with_its_account(
    index: MemoryIndex, text: str, name: str, targets: tuple[str, ...], account: str | None, region: str | None
) -> None:
    found = find_host(index, text)
    assert (found.name, found.targets) == (name, targets)
    assert (found.query.host, found.query.account, found.query.region) == (name, account, region)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web-2", "the trail has no result of a host 'web-2'. Did you mean web-1?"),
        ("WEB-1", "Did you mean web-1?"),
        ("dev/us-east-1/web-1", "prod/us-east-1/web-1"),
        ("zzzzzzzz", "Names are case-sensitive"),
        ("prod/", "the trail has no result of a host 'prod/'"),
    ],
)
def test_an_unknown_host_is_answered_with_similar_names(index: MemoryIndex, text: str, expected: str) -> None:
    with pytest.raises(NotFound) as caught:
        find_host(index, text)
    assert expected in str(caught.value)
