"""Sends a command to the control stack, signed with the caller's AWS credentials: IAM says who it is."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from time import sleep
from typing import TYPE_CHECKING, Any

from msgspec import DecodeError

from pointsman.core.rollouts.commands.forms import AnyCommand
from pointsman.core.trail.command_events import CommandEvent, CommandRefused
from pointsman.core.trail.events import read_event
from pointsman.errors import Unavailable
from pointsmanctl.errors import CloudUnavailable, CommandError, NotFound
from pointsmanctl.stack.connection import Connection

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

SECONDS = 30  # API Gateway itself gives up after 30 seconds
PAUSES = (1.0, 3.0)  # before a second and a third attempt


def send_command(connection: Connection, form: AnyCommand) -> CommandEvent:
    """Send a command; return its event. It is sent again if there is no answer: its id makes it take effect once.

    Raises CommandError if it was refused, NotFound, CloudUnavailable, and Unavailable if its effect is unknown.
    """
    for pause in PAUSES:
        with suppress(Unavailable):
            return _send(connection, form)
        sleep(pause)
    return _send(connection, form)


def _send(connection: Connection, form: AnyCommand) -> CommandEvent:
    from botocore.exceptions import BotoCoreError
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies

    signed = _signed(connection, form)
    # As botocore's own calls: with the proxy and the authorities of the environment.
    authorities: Any = os.environ.get("AWS_CA_BUNDLE") or True
    proxies = get_environ_proxies(connection.commands_url)
    session = URLLib3Session(verify=authorities, proxies=proxies, timeout=SECONDS)
    try:
        response = session.send(signed)
    except BotoCoreError as error:
        raise Unavailable(f"the control stack did not answer, so it is unknown what happened: {error}") from error
    return _event_in(response.status_code, response.content)


def _signed(connection: Connection, form: AnyCommand) -> "AWSPreparedRequest":
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    credentials = connection.session.get_credentials()
    if credentials is None:
        raise CloudUnavailable("there are no AWS credentials: set AWS_PROFILE, or log in")
    headers = {"content-type": "application/json"}
    unsigned = AWSRequest("POST", connection.commands_url, data=form.to_json(), headers=headers)
    SigV4Auth(credentials, "execute-api", connection.session.region_name).add_auth(unsigned)
    return unsigned.prepare()


def _event_in(status: int, body: bytes) -> CommandEvent:
    """The event in an answer. API Gateway's own answers have a `message`, command_receiver's an `error`."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    answer = answer if isinstance(answer, dict) else {}
    reason = answer.get("error") or answer.get("message") or f"HTTP status {status}"
    match status:
        case 200 | 409:
            return _accepted(answer)
        case 403:
            raise CloudUnavailable(f"IAM does not allow it ({reason}): the caller needs execute-api:Invoke on the API")
        case 404:
            raise NotFound(reason)
        case 429 | 500 | 502 | 503 | 504:
            raise Unavailable(f"the command was not answered: {reason}")
        case _:
            raise CommandError(f"the control stack does not understand the command: {reason}")


def _accepted(answer: Mapping[str, Any]) -> CommandEvent:
    try:
        event = read_event(answer)
    except DecodeError as error:
        raise CommandError(f"another version of Pointsman answered: {error}") from error
    if isinstance(event, CommandRefused):
        raise CommandError(f"refused: {event.reason}")
    if isinstance(event, CommandEvent):
        return event
    raise CommandError(f"another version of Pointsman answered: {event.type}")
