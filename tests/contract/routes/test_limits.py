"""Two limits together select in Ansible exactly the hosts that both select, or are refused."""

from pathlib import Path

import pytest
from ansible.inventory.manager import InventoryManager  # type: ignore[import-untyped]
from ansible.parsing.dataloader import DataLoader  # type: ignore[import-untyped]
from ansible_run.instances import GROUP, within
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.routes.limits import limit_error, narrowed, narrowing_error

INVENTORY = f"""
[web]
web-1
web-2
web-3
[db]
db-1
db-2
fe80::1
[canary]
web-1
db-1
[{GROUP}]
web-3
fe80::1
"""
NAMES = [
    "web-1",
    "web-2",
    "web-3",
    "db-1",
    "db-2",
    "web",
    "db",
    "canary",
    "db*",
    "web[0:1]",
    "~web-[12]",
    "all",
    "lost",
]
TERMS = st.builds("".join, st.tuples(st.sampled_from(["", "", "", "&", "!"]), st.sampled_from(NAMES)))
PATTERNS = st.builds(lambda separator, terms: separator.join(terms), st.sampled_from(":,"), st.lists(TERMS, max_size=4))


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> InventoryManager:
    path: Path = tmp_path_factory.mktemp("inventory") / "hosts"
    path.write_text(INVENTORY)
    return InventoryManager(loader=DataLoader(), sources=[str(path)])


def selected(inventory: InventoryManager, limit: str) -> set[str]:
    """The hosts that Ansible selects of all."""
    inventory.subset(limit)
    return {str(host) for host in inventory.get_hosts("all")}


@pytest.mark.parametrize(
    ("own", "added", "hosts"),
    [
        ("web,db", "web-1", "web-1"),
        ("web", "web-2,db-1", "web-2"),
        ("web", "db-1:db*", ""),
        ("web", "web-1,web-2", "web-1 web-2"),
        ("web", "!web-3", "web-1 web-2"),
        ("!web-3:!db", "canary:db", "web-1"),
        ("web,db-1", "canary:&web:!web-2", "web-1"),
        ("web[0:1]", "web-2,web-3", "web-2"),
        ("web[0:1],db", "canary", "web-1 db-1"),
        ("fe80::1", "db", "fe80::1"),
        ("fe80::1,web", "db", "fe80::1"),
        ("db", "fe80::1", "fe80::1"),
        ("web:22", "web", ""),
        ("web", "", "web-1 web-2 web-3"),
        ("", "web-1,db-1", "web-1 db-1"),
    ],
)
def test_a_limit_within_another_selects_the_hosts_of_both(
    inventory: InventoryManager, own: str, added: str, hosts: str
) -> None:
    assert limit_error(added) is None
    assert narrowing_error(own, added) is None
    assert selected(inventory, narrowed(own, added)) == set(hosts.split())
    expected = {host for limit in (own, added) for host in selected(inventory, limit or "all")}
    assert set(hosts.split()) <= expected


@given(PATTERNS, PATTERNS)
def test_whatever_is_not_refused_selects_the_hosts_of_both(inventory: InventoryManager, own: str, added: str) -> None:
    if limit_error(own) or limit_error(added) or narrowing_error(own, added):
        return
    expected = selected(inventory, own or "all") & selected(inventory, added or "all")
    assert selected(inventory, narrowed(own, added) or "all") == expected


@given(PATTERNS)
def test_new_instances_are_selected_within_any_limit(inventory: InventoryManager, limit: str) -> None:
    assert selected(inventory, within(limit)) == selected(inventory, limit or "all") & selected(inventory, GROUP)


@pytest.mark.parametrize(
    ("limit", "hosts"),
    [("web,db", "web-3 fe80::1"), ("web-1,web-3", "web-3"), ("fe80::1", "fe80::1"), ("fe80::1,web-1", "fe80::1")],
)
def test_new_instances_are_selected_within_a_list(inventory: InventoryManager, limit: str, hosts: str) -> None:
    assert selected(inventory, within(limit)) == set(hosts.split())


@pytest.mark.parametrize("own", ["web:db", "web,db", "fe80::1,web"])
def test_two_choices_cannot_be_put_together(own: str) -> None:
    reason = f"its own limit is `{own}`, which several names cannot narrow: use a single host or group"
    assert narrowing_error(own, "web-1,db-1") == reason
    assert narrowing_error(own, "web-1") is None
