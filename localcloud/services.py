"""Connects the services of the local cloud, in the server process."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from localcloud.asgi import AsgiApplication
from localcloud.aws import (
    cloudformation,
    cloudwatch,
    conditions,
    ec2_states,
    emulator,
    eventbridge,
    iam,
    lambda_layers,
    lambda_packages,
    ssm,
)
from localcloud.aws.dynamodb_streams import StreamReaders
from localcloud.aws.lambda_async import AsyncInvocations
from localcloud.codebuild.environment import image_variables
from localcloud.codebuild.pages import log_page_address, serve_credentials, serve_logs, serve_status
from localcloud.codebuild.runner import BuildSettings
from localcloud.codebuild.service import CodeBuild
from localcloud.github import api as github_api
from localcloud.github.api import GithubApi
from localcloud.github.app import GithubApp
from localcloud.layout import Layout
from localcloud.names import CHANNEL
from localcloud.slack import api as slack_api
from localcloud.slack import page as slack_page
from localcloud.slack.api import SlackApi
from localcloud.web import Handler


class LocalServices:
    """The emulator with its bridges, CodeBuild, GitHub and Slack."""

    def __init__(
        self, layout: Layout, endpoint: str, builds: int, minute: float, slack_token: str, app: GithubApp
    ) -> None:
        lambda_packages.install(layout.function_packages)
        cloudformation.install()
        ec2_states.install()
        conditions.install()
        cloudwatch.install()
        eventbridge.install()
        iam.install()
        lambda_layers.install()
        ssm.install()
        self.invocations, self.streams = AsyncInvocations(), StreamReaders()
        self.invocations.install()
        self.streams.install()
        settings = BuildSettings(
            endpoint=endpoint,
            builds=layout.builds,
            repositories=layout.repositories,
            image=image_variables(layout.hosts, layout.build_cache),
            minute=minute,
        )
        self.codebuild = CodeBuild(settings, builds, log_page_address(endpoint))
        self.codebuild.install()
        self.github = GithubApi(layout.repositories, app=app)
        self.slack = SlackApi(layout.slack, slack_token, [CHANNEL])

    def gateway(self, on_ready: Callable[[], None]) -> AsgiApplication:
        """The application that serves all of them."""
        routes: dict[str, Handler] = {
            "/_codebuild/logs/": serve_logs,
            "/_codebuild/credentials/": serve_credentials(self.codebuild),
            "/_codebuild/status": serve_status(self.codebuild),
            github_api.PREFIX: self.github.serve,
            slack_api.PREFIX: self.slack.serve,
            slack_api.CONTROL: self.slack.control,
            slack_page.PREFIX: partial(slack_page.serve, self.slack),
        }
        return AsgiApplication(emulator.asgi_app(), routes, on_ready)

    def close(self) -> None:
        """Stop all builds and the functions' processes."""
        self.github.control(reset=True)
        self.invocations.close()
        self.streams.close()
        self.codebuild.close()
        emulator.lambda_runtime.reset()
