"""Puts the local cloud's services together inside its process."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from localcloud import bus, emulator, functions, github_api, policies, resources
from localcloud.codebuild.environment import image_variables
from localcloud.codebuild.pages import log_page_address, serve_credentials, serve_logs, serve_status
from localcloud.codebuild.runner import Settings
from localcloud.codebuild.service import CodeBuild
from localcloud.gateway import Gateway
from localcloud.github_api import GithubApi
from localcloud.github_app import App
from localcloud.invocations import Invocations
from localcloud.layout import CHANNEL, Layout
from localcloud.slack import api as slack_api
from localcloud.slack import page as slack_page
from localcloud.slack.api import Slack
from localcloud.streams import Streams
from localcloud.web import Handler


class Services:
    """The emulator with every bridge installed, and what stands beside it."""

    def __init__(self, layout: Layout, endpoint: str, builds: int, minute: float, slack_token: str, app: App) -> None:
        functions.install(layout.function_packages)
        resources.install()
        bus.install()
        policies.install()
        self.invocations, self.streams = Invocations(), Streams()
        self.invocations.install()
        self.streams.install()
        settings = Settings(
            endpoint=endpoint,
            builds=layout.builds,
            repositories=layout.repositories,
            image=image_variables(layout.hosts),
            minute=minute,
        )
        self.codebuild = CodeBuild(settings, builds, log_page_address(endpoint))
        self.codebuild.install()
        self.github = GithubApi(layout.repositories, app=app)
        self.slack = Slack(layout.slack, slack_token, [CHANNEL])

    def gateway(self, on_ready: Callable[[], None]) -> Gateway:
        """The application that serves all of it."""
        routes: dict[str, Handler] = {
            "/_codebuild/logs/": serve_logs,
            "/_codebuild/credentials/": serve_credentials(self.codebuild),
            "/_codebuild/status": serve_status(self.codebuild),
            github_api.PREFIX: self.github.serve,
            slack_api.PREFIX: self.slack.serve,
            slack_api.CONTROL: self.slack.control,
            slack_page.PREFIX: partial(slack_page.serve, self.slack),
        }
        return Gateway(emulator.asgi_app(), routes, on_ready)

    def close(self) -> None:
        """Leave nothing running: builds and the functions' processes."""
        self.github.control(reset=True)
        self.invocations.close()
        self.streams.close()
        self.codebuild.close()
        emulator.lambda_runtime.reset()
