"""Where a local cloud keeps its things."""

from pathlib import Path

import pytest

from localcloud.layout import Layout
from localcloud.names import account_id, account_name, targets
from localcloud.record import CloudRecord
from localcloud.waiting import TIMEOUT_SECONDS, wait_until
from tests.support.cloud_record import a_record


def test_accounts_have_a_name_and_a_number() -> None:
    assert account_id("dev") == account_id("222222222222") == "222222222222"
    assert account_id("control") == "111111111111"
    assert account_name("333333333333") == "prod"
    with pytest.raises(KeyError):
        account_id("staging")


def test_there_are_ten_targets() -> None:
    assert len(set(targets())) == 10
    assert ("dev", "eu-west-1") in targets()


def test_a_new_cloud_deletes_the_data_of_the_previous_one(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "state")
    for _ in range(3):
        layout.renew()
        assert list(layout.hosts.iterdir()) == list(layout.repositories.iterdir()) == []
        (layout.hosts / "dev").mkdir()
        (layout.repositories / "acme").mkdir()
    wait_until(lambda: not list(layout.state.glob("discarded-*")), TIMEOUT_SECONDS, "the old data is still there")


def test_a_directory_that_is_not_its_own_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "hosts").mkdir()
    (tmp_path / "hosts" / "mine").write_text("keep")
    Layout(tmp_path).renew()
    assert (tmp_path / "hosts" / "mine").read_text() == "keep"


def test_the_state_directory_can_be_chosen_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTSMAN_LOCALCLOUD", str(tmp_path))
    assert Layout.default().state == tmp_path
    monkeypatch.delenv("POINTSMAN_LOCALCLOUD")
    assert Layout.default().state.parts[-2:] == (".localcloud", "up")


def test_the_record_reads_as_it_was_written(tmp_path: Path) -> None:
    record = a_record(tmp_path)
    record.save(tmp_path / "cloud.json")
    assert CloudRecord.load(tmp_path / "cloud.json") == record
    assert [path.name for path in tmp_path.iterdir()] == ["cloud.json"]
