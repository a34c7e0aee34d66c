"""Regions in routes.yaml that the AWS SDK does not know: newer than it, or mistyped."""

from collections.abc import Iterator
from difflib import get_close_matches

import botocore.session

from pointsman.core.routes.diagnostic import Diagnostic, Location
from pointsman.core.routes.model import Routes


def unknown_regions(routes: Routes) -> Iterator[Diagnostic]:
    """Each region that botocore does not list."""
    known = _known()
    named: list[tuple[Location, str]] = [(("regions", index), region) for index, region in enumerate(routes.regions)]
    for place, rule in enumerate(routes.targets or ()):
        named += [(("targets", place, "regions", index), region) for index, region in enumerate(rule.regions or ())]
    for at, region in named:
        if region not in known:
            close = get_close_matches(region, sorted(known), n=1)
            meant = f": did you mean `{close[0]}`?" if close else ""
            yield Diagnostic(at, f"botocore {botocore.__version__} does not know the region `{region}`{meant}")


def _known() -> set[str]:
    session = botocore.session.get_session()
    partitions = session.get_available_partitions()
    return {region for name in partitions for region in session.get_available_regions("ec2", partition_name=name)}
