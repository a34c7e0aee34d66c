"""The external id of a new installation; of one that was deployed before, its own."""

import secrets

from pointsmanctl.deployment.accounts import CONTROL, ProfileAccounts
from pointsmanctl.deployment.stack_state import read_stack
from pointsmanctl.setup.answers import Answers


def external_id_of(answers: Answers) -> str:
    """Return the external id that is deployed, or a new one where there is no stack that can be read."""
    from botocore.exceptions import BotoCoreError, ClientError

    accounts = ProfileAccounts({CONTROL: answers.control_profile})
    try:
        stack = read_stack(accounts.client("cloudformation", CONTROL, answers.control_region), answers.stack)
    except (BotoCoreError, ClientError):
        stack = None
    return (stack.parameters.get("ExternalId") if stack else None) or secrets.token_hex(16)
