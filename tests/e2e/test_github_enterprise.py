"""An installation for GitHub Enterprise Server, beside the one for github.com: from its push to a host."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from localcloud import names
from localcloud.cloud import TIMEOUT_SECONDS, LocalCloud
from localcloud.github.commits import Author
from localcloud.github.payloads import ping_payload, push_payload
from localcloud.github.repository import RefUpdate
from localcloud.github.shapes import on_server
from localcloud.github.webhook import Webhook
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsmanctl.demo.observer import Observer
from pointsmanctl.deployment.model import OutcomeKind, Stack
from pointsmanctl.deployment.sources import Sources
from tests.support.deployment import deployer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SERVER = "github.example.com"
REPOSITORY = "acme/enterprise"
ACCOUNT, REGION = "prod", "ap-southeast-2"
EXTERNAL_ID = "enterprise-on-this-machine"
HANA = Author("Hana Ito", "hana@example.com")
PLAYBOOK = """\
- hosts: all
  gather_facts: false
  tasks:
    - name: Say which GitHub it comes from
      ansible.builtin.debug:
        msg: GitHub Enterprise Server
"""


class Installation:
    """The control stack `enterprise` with one worker stack, and the server's webhook to it."""

    def __init__(self, cloud: LocalCloud, directory: Path) -> None:
        self.cloud = cloud
        self.deployer = deployer(cloud, directory)
        control = self._deploy("control", "enterprise", cloud.layout.packages / "build/template.json", self._control())
        self._deploy(ACCOUNT, "enterprise-worker", Sources().worker, self._worker(control["BusArn"]))
        self.observer = Observer(cloud)
        self.observer.audit_table = control["AuditTableName"]
        self.observer.index_table = control["IndexTableName"]
        self.observer.store = DynamoRollouts(
            cloud.client("dynamodb"), control["RolloutsTableName"], control["AuditTableName"]
        )
        secrets = cloud.client("secretsmanager")
        secrets.put_secret_value(SecretId="enterprise/slack-token", SecretString=cloud.record.slack_token)
        secret = secrets.get_secret_value(SecretId="enterprise/github-webhook")["SecretString"]
        url = f"{cloud.endpoint}/_aws/execute-api/{control['ApiId']}/$default/github"
        self.webhook = Webhook(url, secret, directory / "deliveries", TIMEOUT_SECONDS, SERVER)

    def _deploy(self, account: str, name: str, template: Path, parameters: Mapping[str, str]) -> Mapping[str, str]:
        region = names.CONTROL_REGION if account == "control" else REGION
        stack = Stack(name, name, account, names.account_id(account), region, template, parameters)
        outcome = self.deployer.deploy(self.deployer.plan(stack))
        assert outcome.kind is not OutcomeKind.FAILED, outcome.reason
        state = self.deployer.state_of(stack)
        assert state
        return state.outputs

    def _control(self) -> dict[str, str]:
        record = self.cloud.record
        usual = self.cloud.deployment._control_parameters()
        return {**usual, "ExternalId": EXTERNAL_ID, "GithubUrl": f"https://{SERVER}", "GithubApiUrl": record.github_api}

    def _worker(self, bus: str) -> dict[str, str]:
        return {
            "AccountName": ACCOUNT,
            "ControlAccountId": names.CONTROL_ACCOUNT,
            "ControlStackName": "enterprise",
            "ControlBusArn": bus,
            "ExternalId": EXTERNAL_ID,
            "RepositoryUrl": f"https://{SERVER}/{REPOSITORY}.git",
        }

    def commit(self, note: str) -> RefUpdate:
        repository = self.cloud.github.repository(REPOSITORY)
        repository.create()
        return repository.commit({"site.yml": f"{PLAYBOOK}# {note}\n"}, "Say where it comes from", author=HANA)

    def payload(self, update: RefUpdate) -> dict[str, Any]:
        return push_payload(self.cloud.github.repository(REPOSITORY), update, HANA)


@pytest.fixture(scope="module")
def enterprise(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(cloud, tmp_path_factory.mktemp("enterprise"))


def test_a_push_of_the_server_runs_what_is_cloned_from_it(enterprise: Installation) -> None:
    update = enterprise.commit("first")
    delivery = enterprise.webhook.deliver("push", on_server(SERVER, enterprise.payload(update)))
    assert delivery.response.status == 202, delivery.response.body
    [decision] = delivery.response.json()["decisions"]
    assert (decision["outcome"], decision["file"]) == ("matched", "site.yml")  # a new branch: the API had to be asked
    rollout, runs = enterprise.observer.end_of(delivery)
    assert rollout.state == "succeeded", runs
    page = f"https://{SERVER}/{REPOSITORY}/commit/{update.after}"
    assert rollout.change.url == page
    [result] = enterprise.observer.host_results(rollout.id, 1)
    assert (result.commit, result.status) == (update.after, "ok")
    message = enterprise.observer.last_message(rollout.id, "succeeded")
    assert page in str(message["blocks"])
    [run] = runs.values()
    codebuild = enterprise.cloud.client("codebuild", ACCOUNT, REGION)
    [build] = codebuild.batch_get_builds(ids=[str(run.build_arn).partition(":build/")[2]])["builds"]
    source = (build["source"]["type"], build["source"]["location"])
    assert source == ("GITHUB_ENTERPRISE", f"https://{SERVER}/{REPOSITORY}.git")


def test_deliveries_of_github_com_are_refused_there_and_the_other_way_round(
    cloud: LocalCloud, enterprise: Installation
) -> None:
    update = enterprise.commit("second")
    push, ping = enterprise.payload(update), ping_payload(cloud.github.repository(REPOSITORY))
    for event, payload in (("push", push), ("ping", ping)):
        assert enterprise.webhook.deliver(event, payload).response.status == 403
        answer = cloud.github.webhook().deliver(event, on_server(SERVER, payload)).response
        assert (answer.status, "serves github.com" in answer.body) == (403, True)
