"""The events that the functions are called with: the samples of events/, and a very large push."""

import copy
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[2] / "events"
SECRET = "the benchmark signs with it"
LARGE_BODY = 5_400_000  # bytes; with API Gateway's envelope nearly the 6 MB that Lambda takes
COMMITS = 2_000  # of 2,048 that a payload lists
ROUTES = 200
TOUCHED = ROUTES // 10  # routes for which the large push has files


def sample(path: str) -> dict[str, Any]:
    """A sample, fresh to be changed."""
    parsed: dict[str, Any] = json.loads((SAMPLES / path).read_text())
    return parsed


def push() -> dict[str, Any]:
    """A push as most are, made now: an old one is not run."""
    payload = sample("github/push_main.json")
    payload["repository"]["pushed_at"] = int(time.time())
    return payload


def large_push(*, merge: bool) -> dict[str, Any]:
    """A push of 2,000 commits with thousands of file names, in folders of every tenth route.

    With `merge` the newest is one that GitHub's button made: then the list of files may be incomplete.
    """
    payload = push()
    head = payload["head_commit"]
    if merge:
        head["message"] = "Merge pull request #7 from acme/many-changes"
        head["committer"] |= {"name": "GitHub", "username": "web-flow"}
    commits = [_commit(head, number) for number in range(COMMITS - 1)]
    payload["commits"] = [*commits, head]
    missing = LARGE_BODY - len(_compact(payload))
    for number in count():
        name = _name(number)
        commits[number % len(commits)]["added"].append(name)
        missing -= len(name) + 3  # quotes and a comma
        if missing <= 0:
            break
    return payload


def _commit(head: Mapping[str, Any], number: int) -> dict[str, Any]:
    sha = hashlib.sha1(str(number).encode(), usedforsecurity=False).hexdigest()
    author = {"name": "Hana Ito", "email": "hana@example.com", "username": "hana"}
    document = {"id": sha, "message": f"Change {number}", "author": author, "committer": author}
    return copy.deepcopy(dict(head)) | document | {"added": [], "removed": [], "modified": []}


def _compact(payload: Mapping[str, Any]) -> str:
    """As GitHub sends it."""
    return json.dumps(payload, separators=(",", ":"))


def _name(number: int) -> str:
    route = number % TOUCHED * (ROUTES // TOUCHED)
    return f"services/app-{route}/roles/role-{number % 40}/tasks/file-{number}.yml"


def many_routes(routes_file: str) -> str:
    """routes.yaml with 200 routes, each for a folder of its own, where `routes_file` has one."""
    before, _, _ = routes_file.partition("\nroutes:")
    routes = [
        {
            "name": f"app-{number}",
            "repository": "acme/infra",
            "on": {"push": {"branches": ["main"], "paths": [f"services/app-{number}/**", "!**/*.md"]}},
            "targets": "all",
            "playbook": "site.yml",
        }
        for number in range(ROUTES)
    ]
    return f"{before}\nroutes: {json.dumps(routes)}\n"


def delivery(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A webhook request as API Gateway hands it on, signed, under an id of its own."""
    body = _compact(payload)
    event = sample("aws/httpapi-v2.json")
    signature = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
    event["headers"] |= {
        "content-length": str(len(body)),
        "x-github-delivery": str(uuid.uuid4()),
        "x-hub-signature-256": f"sha256={signature}",
    }
    return event | {"body": body}


def queued(messages: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What SQS hands start_build of the messages that were sent."""
    event = sample("aws/sqs-changes.json")
    [record] = event["Records"]
    event["Records"] = [record | {"body": each["MessageBody"], "messageId": str(uuid.uuid4())} for each in messages]
    return event


def build_began(build: Mapping[str, Any]) -> dict[str, Any]:
    """What EventBridge tells audit_writer of a build that was started."""
    event = sample("aws/codebuild-build-in-progress.json")
    _, _, _, region, account, _ = build["arn"].split(":", 5)
    event["detail"]["build-id"] = build["arn"]
    details = event["detail"]["additional-information"]
    details["environment"]["environment-variables"] = build["environment"]["environmentVariables"]
    details["initiator"] = f"pointsman-start-{region}/pointsman-start-build"
    details["source-version"] = build["sourceVersion"]
    document = {"account": account, "region": region, "resources": [build["arn"]], "id": str(uuid.uuid4())}
    return event | document | {"time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}


def recorded(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the table's stream hands notify of new items."""
    event = sample("aws/dynamodb-stream.json")
    [record] = event["Records"]
    event["Records"] = [_stream_record(record, item) for item in items]
    return event


def _stream_record(record: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    keys = {name: item[name] for name in record["dynamodb"]["Keys"]}
    document = {"Keys": keys, "NewImage": item, "ApproximateCreationDateTime": time.time()}
    return {**record, "dynamodb": {**record["dynamodb"], **document}}
