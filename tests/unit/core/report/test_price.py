"""What builds cost: a price for each compute type, and what has none."""

import pytest

from pointsman.core.report.price import LIST_PRICES, BuildPrices
from tests.support.report_histories import DEV, PROD, SMALL, Rollout, report

ARM_SMALL = ("ARM_CONTAINER", "BUILD_GENERAL1_SMALL")
LARGE = ("LINUX_CONTAINER", "BUILD_GENERAL1_LARGE")
LAMBDA = ("LINUX_LAMBDA_CONTAINER", "BUILD_LAMBDA_1GB")
PUSH = Rollout(1, 3, targets=(DEV, PROD))


def test_without_prices_of_ones_own_those_of_the_list_count() -> None:
    prices = BuildPrices()
    assert {key: prices.of(*key) for key in LIST_PRICES} == dict(LIST_PRICES)
    assert [prices.of(*key) for key in (LAMBDA, (None, None), (None, "BUILD_GENERAL1_SMALL"))] == [None] * 3


def test_ones_own_price_of_an_environment_comes_before_one_for_any_and_that_before_the_rest() -> None:
    prices = BuildPrices.parse(["BUILD_GENERAL1_SMALL=0.1", "ARM_CONTAINER/BUILD_GENERAL1_SMALL=.2"], every_other=9)
    assert [prices.of(*key) for key in (SMALL, ARM_SMALL, LARGE, LAMBDA, (None, None))] == [0.1, 0.2, 9, 9, 9]
    assert BuildPrices.parse(["BUILD_LAMBDA_1GB=0"]).of(*LAMBDA) == 0


@pytest.mark.parametrize(
    "text", ["", "0.1", "BUILD_GENERAL1_SMALL", "small=1", "A/B/C=1", "A=-1", "A=nan", "A=1e9", "A= 1", "A=1\n", "/A=1"]
)
def test_what_is_no_price(text: str) -> None:
    with pytest.raises(ValueError, match="is not a price: write it as"):
        BuildPrices.parse([text])


def test_each_compute_type_has_its_own_line_and_price() -> None:
    runs = [
        PUSH.run(DEV, seconds=150),
        PUSH.run(PROD, seconds=61, compute=LARGE),
        PUSH.run(PROD, seconds=600, compute=LARGE, attempt=2),
    ]
    found = report(PUSH.start, runs, PUSH.end())
    large, small = found.costs
    assert (large.compute_type, large.builds, large.minutes) == (LARGE[1], 2, 12)
    assert (small.compute_type, small.builds, small.minutes) == (SMALL[1], 1, 3)
    assert [large.dollars, small.dollars] == pytest.approx([0.24, 0.015])
    assert found.dollars == pytest.approx(0.255)
    assert found.unpriced_minutes == 0
    assert [(each.name, each.dollars) for each in found.targets] == [(PROD, pytest.approx(0.24)), (DEV, 0.015)]


def test_what_has_no_price_is_said_and_not_guessed() -> None:
    runs = [PUSH.run(DEV), PUSH.run(PROD, compute=LAMBDA), PUSH.run(PROD, compute=(None, None), attempt=2)]
    found = report(PUSH.start, runs, PUSH.end())
    assert found.dollars == pytest.approx(0.015)
    assert (found.minutes, found.unpriced_minutes) == (9, 6)
    assert [each.unpriced_minutes for each in found.targets] == [6, 0]
    given = report(PUSH.start, runs, PUSH.end(), prices=BuildPrices(every_other=1))
    assert (given.dollars, given.unpriced_minutes) == (9, 0)
