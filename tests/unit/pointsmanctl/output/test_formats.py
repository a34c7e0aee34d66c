"""JSON, JSON Lines and CSV: whole, one record on a line, and safe on a terminal."""

import csv
import io
import json

import pytest

from pointsmanctl.output.formats import Format, print_objects

HOSTILE = 'a\x1b[31m\nb\u202e=1+1,"q"'
OBJECTS = [
    {"name": "x", "number": 1, "yes": True, "list": ["a", "b"], "none": None, "text": HOSTILE},
    {"name": "y", "number": 0.5, "yes": False, "list": [], "none": None, "text": "日本"},
]
COLUMNS = ("name", "number", "yes", "list", "none", "text", "absent")


def printed(output: Format, capsys: pytest.CaptureFixture[str]) -> str:
    print_objects(OBJECTS, output, COLUMNS)
    return capsys.readouterr().out


def test_json_is_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(Format.JSON, capsys)
    assert json.loads(text) == OBJECTS
    assert not set(text) & set("\x1b\u202e")


def test_json_lines_has_an_object_on_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(Format.JSONL, capsys)
    assert [json.loads(line) for line in text.splitlines()] == OBJECTS
    assert not set(text) & set("\x1b\u202e")


def test_csv_has_a_header_and_a_record_on_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(Format.CSV, capsys)
    assert len(text.splitlines()) == 3
    header, first, second = csv.reader(io.StringIO(text))
    assert tuple(header) == COLUMNS
    assert first == ["x", "1", "true", "a b", "", 'a\\x1b[31m\\x0ab\\u202e=1+1,"q"', ""]
    assert second == ["y", "0.5", "false", "", "", "日本", ""]


@pytest.mark.parametrize(("output", "text"), [("json", "[]\n"), ("jsonl", ""), ("csv", "name\n")])
def test_no_matching_events_is_a_valid_answer(capsys: pytest.CaptureFixture[str], output: str, text: str) -> None:
    print_objects([], Format(output), ("name",))
    assert capsys.readouterr().out == text


@pytest.mark.parametrize("text", ['=HYPERLINK("http://evil","x")', "+1", "-1+1", "@SUM(A1)", "＝1+1"])
def test_a_spreadsheet_runs_no_text_of_the_trail(capsys: pytest.CaptureFixture[str], text: str) -> None:
    print_objects([{"text": text, "list": [text, "b"], "number": -1}], Format.CSV, ("text",))
    print_objects([{"text": text, "list": [text], "number": -1.5}], Format.CSV, ("list", "number"))
    _, first, _, second = csv.reader(io.StringIO(capsys.readouterr().out))
    assert first == [f"'{text}"]
    assert second == [f"'{text}", "-1.5"]
