"""Whether the control account's Lambda quota has room for the concurrency that webhook_receiver reserves."""

from typing import Any

from pointsmanctl.deployment.accounts import CONTROL, ProfileAccounts
from pointsmanctl.setup.answers import Answers

# AWS keeps 100 unreserved: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
_UNRESERVED = 100
_RESERVED = 20  # the default of ReceiverConcurrency


def may_reserve(answers: Answers) -> bool:
    """Return False if the control stack's default would be refused; new accounts often have a quota of 10."""
    client = ProfileAccounts({CONTROL: answers.control_profile}).client("lambda", CONTROL, answers.control_region)
    return has_room(client)


def has_room(client: Any) -> bool:
    """Judge the quota of a client's account and region; True if it cannot be read, since most have 1,000."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        limit = client.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    except (BotoCoreError, ClientError):
        return True
    return int(limit) >= _UNRESERVED + _RESERVED
