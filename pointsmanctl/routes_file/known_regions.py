"""Finds regions in routes.yaml that the AWS SDK does not know: they are newer, or misspelled."""

from collections.abc import Iterator
from difflib import get_close_matches

import botocore.session

from pointsman.core.routes.diagnostic import Diagnostic, Location
from pointsman.core.routes.model import Routes


def unknown_regions(routes: Routes) -> Iterator[Diagnostic]:
    """Yield a warning for each region that botocore does not list."""
    known_regions = _botocore_regions()
    regions: list[tuple[Location, str]] = [(("regions", index), region) for index, region in enumerate(routes.regions)]
    for number, rule in enumerate(routes.targets or ()):
        regions += [(("targets", number, "regions", index), region) for index, region in enumerate(rule.regions or ())]
    for at, region in regions:
        if region not in known_regions:
            close = get_close_matches(region, sorted(known_regions), n=1)
            suggestion = f": did you mean `{close[0]}`?" if close else ""
            yield Diagnostic(at, f"botocore {botocore.__version__} does not know the region `{region}`{suggestion}")


def _botocore_regions() -> set[str]:
    session = botocore.session.get_session()
    partitions = session.get_available_partitions()
    return {region for name in partitions for region in session.get_available_regions("ec2", partition_name=name)}
