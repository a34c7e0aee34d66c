"""docs/reference/ is what `make docs` writes."""

import pytest

from pointsmanctl.deployment.settings import DeploySettings
from tools.reference.__main__ import DIRECTORY, PAGES
from tools.reference.comments import field_comments
from tools.reference.environment import BUILD, build_variables


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_reference_is_current(name: str) -> None:
    assert (DIRECTORY / name).read_text() == PAGES[name](), f"docs/reference/{name} is out of date: run `make docs`"


def test_no_page_is_left_over() -> None:
    assert {path.name for path in DIRECTORY.glob("*.md")} == set(PAGES)


def test_every_variable_of_a_build_has_a_meaning() -> None:
    assert [name for name, _ in build_variables() if not BUILD.get(name)] == []


def test_the_comments_beside_and_above_a_field_are_its_meaning() -> None:
    comments = field_comments(DeploySettings)
    assert comments["stack"] == "name of the control stack"
    assert comments["profile"].startswith("AWS profile of the control account. Without it:")
    assert "model_config" not in comments or not comments["model_config"]
