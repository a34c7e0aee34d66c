"""`doctor` and the run image: there, the newest, and allowed to be pulled."""

import json
from dataclasses import replace

import pytest

from pointsmanctl.deployment.run_image.ecr_image import EcrImage
from pointsmanctl.doctor.model import Link
from pointsmanctl.doctor.run_image import ImageFacts, admits, judge

DIGEST = "sha256:" + "1" * 64
IMAGE = EcrImage("111111111111", "eu-west-1", "pointsman-run-image", DIGEST)


def policy(*principals: str, effect: str = "Allow") -> str:
    return json.dumps({"Statement": [{"Effect": effect, "Principal": {"AWS": list(principals)}}]})


FACTS = ImageFacts(IMAGE, DIGEST, True, policy("222222222222"), "222222222222", IMAGE.repository_arn)


@pytest.mark.parametrize(
    ("facts", "state", "message"),
    [
        (FACTS, "ok", "builds may pull it"),
        (replace(FACTS, is_there=False), "broken", f"eu-west-1 does not have {DIGEST}: no build starts"),
        (replace(FACTS, built="sha256:2"), "broken", "not the image that was built last"),
        (replace(FACTS, built=""), "broken", "not the image that was built last"),
        (replace(FACTS, repository_arn=""), "broken", "the builds' roles may not pull"),
        (replace(FACTS, policy=""), "broken", "does not admit account 222222222222"),
    ],
)
def test_a_link_that_is_broken_says_what_to_do(facts: ImageFacts, state: str, message: str) -> None:
    result = judge(Link("image", "dev/eu-west-1"), facts)
    assert (result.state, bool(result.remedy)) == (state, state != "ok")
    assert message in result.message


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (policy("222222222222"), True),
        (policy("arn:aws:iam::333333333333:root", "arn:aws:iam::222222222222:root"), True),
        (policy("333333333333"), False),
        (policy("222222222222", effect="Deny"), False),
        (json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "222222222222"}}]}), True),
        ("", False),
    ],
)
def test_an_account_is_admitted_by_its_id_or_its_root(text: str, right: bool) -> None:
    assert admits(text, "222222222222") is right
