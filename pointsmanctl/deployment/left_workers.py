"""Worker stacks of this installation that routes.yaml no longer names: they are deployed, and nothing uses them.

Nothing records where workers were deployed. So each region of each account is searched, and a stack's own parameters
say which installation it belongs to.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pointsmanctl.deployment.accounts import Accounts
from pointsmanctl.deployment.installation import Installation
from pointsmanctl.deployment.model import StackState
from pointsmanctl.deployment.stack_state import read_stack
from pointsmanctl.deployment.treatment import GONE

AT_ONCE = 16
# What AWS answers in a region that is not enabled in the account.
_NOT_ENABLED = frozenset({"AuthFailure", "InvalidClientTokenId", "OptInRequired", "UnrecognizedClientException"})


@dataclass(frozen=True)
class LeftWorkers:
    """What a search found."""

    targets: Sequence[str] = ()  # with a worker stack of this installation, but not in routes.yaml
    unseen: Sequence[str] = ()  # where nobody knows: the credentials may not read, or the region did not answer


class _Unseen(Exception):
    """Nobody knows whether there is a stack."""


def find_left_workers(installation: Installation, accounts: Accounts, control_account_id: str) -> LeftWorkers:
    """Search every region of the accounts in routes.yaml that it does not name. What cannot be read is `unseen`."""
    places = list(_other_places(installation))
    own = {"ControlStackName": installation.settings.stack, "ControlAccountId": control_account_id}

    def search(place: tuple[str, str]) -> bool | None:
        try:
            state = _read(accounts, installation.settings.workers.stack, *place)
        except _Unseen:
            return None
        return state is not None and state.status != GONE and _belongs(state, own)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = dict(zip(("/".join(place) for place in places), pool.map(search, places), strict=True))
    return LeftWorkers(
        [name for name, is_there in found.items() if is_there],
        [name for name, is_there in found.items() if is_there is None],
    )


def _other_places(installation: Installation) -> Iterator[tuple[str, str]]:
    """Yield each account with each region of the partition that routes.yaml does not name for it."""
    import boto3

    session = boto3.Session(region_name=installation.region)
    partition = session.get_partition_for_region(installation.region)
    regions = session.get_available_regions("cloudformation", partition_name=partition)
    named = set(installation.targets)
    for account in installation.accounts:
        yield from ((account, region) for region in regions if f"{account}/{region}" not in named)


def _read(accounts: Accounts, name: str, account: str, region: str) -> StackState | None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return read_stack(accounts.client("cloudformation", account, region), name)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_ENABLED:
            return None
        raise _Unseen from error
    except BotoCoreError as error:
        raise _Unseen from error


def _belongs(state: StackState, own: Mapping[str, str]) -> bool:
    return all(state.parameters.get(name) == value for name, value in own.items())
