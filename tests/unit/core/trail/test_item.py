"""What somebody has put into the table past the writers is read, and holds up nobody."""

import hashlib
import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import Binary

from pointsman.core.index.entries import entries_of
from pointsman.core.trail.item import NewerEvent, digest, read_item, with_decimals
from pointsman.core.trail.json_form import json_form
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.output.shapes import event_object
from tests.support.events import DEV, EVENTS, started_run

RUN = started_run(DEV)


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"at": "never", "data": {}},
        {"at": 12, "data": RUN.to_dict() | {"at": 12}},
        {"type": None, "actor": {"a": 1}, "data": {"type": 7}},
        {"at": "2026-11-23T11:00:00Z", "type": "RunStarted", "data": "text"},
        {"at": "2026-11-23T11:00:00Z", "type": "RunStarted", "target": 7, "data": [1, None]},
        {"at": "0001-01-01T00:00:00+14:00", "data": None},
        {"at": Binary(b"x"), "type": {"a"}, "host": {Decimal(1)}, "data": {"x": [{"a"}, Binary(b"x")]}},
    ],
)
def test_an_item_is_read_whatever_is_in_it(item: dict[str, Any]) -> None:
    event = read_item({"pk": RUN.partition, "sk": "forged", **item})
    assert isinstance(event, NewerEvent)
    assert (event.partition, event.key) == (RUN.partition, "forged")
    assert entries_of(event)


def test_what_json_has_not_has_a_form_of_its_own() -> None:
    letters = [*"abcdefgh"]
    random.Random(1).shuffle(letters)
    data = {
        "texts": set(letters),
        "numbers": [{Decimal(10), Decimal("2.5")}, Decimal(3)],
        "bytes": Binary(b"a"),
        "many": {Binary(b"b"), Binary(b"a")},
        "usual": [None, True, 1, 1.5, "text"],
    }
    form = json_form(data)
    assert form == {
        "texts": {"SS": sorted(letters)},
        "numbers": [{"NS": [2.5, 10]}, 3],
        "bytes": {"B": "YQ=="},
        "many": {"BS": ["YQ==", "Yg=="]},
        "usual": [None, True, 1, 1.5, "text"],
    }
    assert json_form(form) == form
    assert digest(data) == digest(form) != digest({**form, "texts": sorted(letters)})


@pytest.mark.parametrize("file", sorted((EVENTS / "ours").glob("*.json")), ids=lambda path: path.stem)
def test_a_usual_event_is_its_own_form(file: Path) -> None:
    data = json.loads(file.read_text())
    assert json_form(data) == data
    assert digest(with_decimals(data)) == digest(data)


def test_the_hash_of_an_event_stays_what_it_is() -> None:
    stored = with_decimals({"a": [1, 2.5, "ü", None, True], "b": {}})
    assert digest(stored) == hashlib.sha256(b'{"a":[1,2.5,"\\u00fc",null,true],"b":{}}').hexdigest()


def test_an_event_with_what_json_has_not_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    event = read_item({"pk": RUN.partition, "sk": "forged", "data": {"x": {"b", "a"}}})
    print_objects([event_object(event)], Format.JSONL, ())
    assert capsys.readouterr().out == '{"x": {"SS": ["a", "b"]}}\n'
