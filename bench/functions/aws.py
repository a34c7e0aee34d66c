"""The services that the functions call, over TLS on this machine. They answer at once, as a quick AWS would.

Each is as small as it can be and still be taken by botocore; what a service does not know fails the run.
"""

import hashlib
import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from bench.functions.certificates import HOST, Authority
from bench.functions.http import Handler, Server, serving
from bench.functions.tables import Refused, Tables

JSON = "application/x-amz-json-1.1"
SLACK = "/slack/api/"

_SCOPE = re.compile(r"Credential=ASIA(?P<account>\d{12})/\d+/(?P<region>[a-z0-9-]+)/codebuild/")

type Reply = tuple[int, bytes, str]


class Aws:
    """AWS and Slack. `secrets` gives the text of each secret; what the functions did is kept."""

    def __init__(self, authority: Authority, secrets: Mapping[str, str], keys: Mapping[str, tuple[str, ...]]) -> None:
        self._server = _Server((HOST, 0), _Handler)
        self._server.socket = authority.context().wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._server.reply = self.reply
        self.url = f"https://{HOST}:{self._server.server_port}"
        self._secrets = secrets
        self.tables = Tables(keys)
        self._keys = keys
        self.sent: list[dict[str, Any]] = []  # to SQS
        self.builds: list[dict[str, Any]] = []  # of CodeBuild
        self.posted: list[Any] = []  # to Slack
        self.faults: list[str] = []  # requests that no service supports

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve."""
        with serving(self._server):
            yield

    def forget(self) -> None:
        """Empty tables, and nothing done."""
        self.tables = Tables(self._keys)
        for done in (self.sent, self.builds, self.posted):
            done.clear()

    def reply(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The answer to one request."""
        try:
            if path.startswith(SLACK):
                return 200, json.dumps(self._slack(body)).encode(), "application/json"
            if "X-Amz-Target" not in headers:
                return 200, assume_role(parse_qs(body.decode())), "text/xml"
            service, _, operation = headers["X-Amz-Target"].partition(".")
            request = json.loads(body) | {"scope": headers["Authorization"]}
            return 200, json.dumps(self._json(service, operation, request)).encode(), JSON
        except Refused as refusal:
            return 400, json.dumps(refusal.body).encode(), JSON
        except Exception as fault:
            self.faults.append(f"{path} {headers.get('X-Amz-Target')}: {fault!r}")
            return 400, json.dumps({"__type": "ValidationException", "message": str(fault)}).encode(), JSON

    def _json(self, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if service.startswith("DynamoDB_"):
            return self.tables.answer(operation, request)
        match operation:
            case "GetSecretValue":
                name = request["SecretId"]
                arn = f"arn:aws:secretsmanager:us-east-1:111111111111:secret:{name}-a1b2c3"
                return {"ARN": arn, "Name": name, "SecretString": self._secrets[name], "VersionStages": ["AWSCURRENT"]}
            case "SendMessage":
                self.sent.append(request)
                digest = hashlib.md5(request["MessageBody"].encode(), usedforsecurity=False).hexdigest()
                return {"MD5OfMessageBody": digest, "MessageId": str(uuid.uuid4()), "SequenceNumber": "18849496460467"}
            case "StartBuild":
                self.builds.append(build := new_build(request))
                return {"build": build}
        raise ValueError("the benchmark's AWS does not support this operation")

    def _slack(self, body: bytes) -> dict[str, Any]:
        self.posted.append(body)
        return {"ok": True, "ts": f"{time.time():.6f}", "channel": "C0123456789", "messages": []}


def assume_role(request: Mapping[str, list[str]]) -> bytes:
    """STS's answer, whose credentials name the account."""
    if request["Action"] != ["AssumeRole"]:
        raise ValueError(f"the benchmark's STS does not support {request['Action']}")
    role = request["RoleArn"][0]
    account = role.split(":")[4]  # goes with the credentials, so that CodeBuild knows whose builds it starts
    until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><AssumedRoleId>AROA123:bench</AssumedRoleId><Arn>{role}</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>ASIA{account}</AccessKeyId><SecretAccessKey>bench</SecretAccessKey>
<SessionToken>{"bench" * 80}</SessionToken><Expiration>{until}</Expiration></Credentials>
</AssumeRoleResult><ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata></AssumeRoleResponse>
""".encode()


def new_build(request: Mapping[str, Any]) -> dict[str, Any]:
    """A build that began. `scope` of the request is its Authorization header."""
    scope = _SCOPE.search(request["scope"])
    if not scope:
        raise ValueError("a build was started without the credentials of AssumeRole")
    project = request["projectName"]
    build = f"{project}:{uuid.uuid4()}"
    return {
        "id": build,
        "arn": f"arn:aws:codebuild:{scope['region']}:{scope['account']}:build/{build}",
        "buildNumber": 17,
        "buildStatus": "IN_PROGRESS",
        "buildComplete": False,
        "currentPhase": "QUEUED",
        "initiator": "pointsman-start-us-east-1/pointsman-start-build",
        "startTime": time.time(),
        "projectName": project,
        "sourceVersion": request["sourceVersion"],
        "phases": [{"phaseType": "SUBMITTED", "phaseStatus": "SUCCEEDED"}, {"phaseType": "QUEUED"}],
        "logs": {"deepLink": "https://console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:log-groups"},
        "environment": {"environmentVariables": request["environmentVariablesOverride"]},
    }


class _Server(Server):
    reply: Any = None


class _Handler(Handler):
    server: _Server

    def do_POST(self) -> None:  # noqa: N802
        """One request."""
        status, body, kind = self.server.reply(self.path, self.headers, self.body())
        self.answer(status, body, {"Content-Type": kind, "x-amzn-RequestId": str(uuid.uuid4())})
