"""What to raise when several things failed, of which none stopped the others."""

from collections.abc import Sequence

from pointsman.errors import PointsmanError, Unavailable


def raise_failures(failures: Sequence[Exception]) -> None:
    """Raise the failure that says most, with the others as its notes; nothing when there is none.

    What nobody foresaw keeps its type and goes first, then what will not pass by itself; several that pass are one.
    """
    if not failures:
        return
    gravest = min(failures, key=_rank)
    others = [f"{type(failure).__name__}: {failure}" for failure in failures if failure is not gravest]
    if others and isinstance(gravest, Unavailable):
        raise Unavailable("; ".join(dict.fromkeys(str(failure) for failure in failures))) from gravest
    for other in dict.fromkeys(others):
        gravest.add_note(f"another that failed: {other}")
    raise gravest


def _rank(failure: Exception) -> int:
    return 0 if not isinstance(failure, PointsmanError) else 2 if isinstance(failure, Unavailable) else 1
