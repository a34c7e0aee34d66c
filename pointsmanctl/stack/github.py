"""Which GitHub a deployed control stack serves."""

from collections.abc import Mapping

from pointsman.core.github_host import WEB, GithubHost


def github_host(parameters: Mapping[str, str]) -> GithubHost:
    """Return the GitHub of a stack with these parameters; a stack of an earlier version serves github.com."""
    return GithubHost(parameters.get("GithubUrl") or WEB)


def github_api_url(parameters: Mapping[str, str]) -> str:
    """Return the URL of its API."""
    return github_host(parameters).api_or(parameters.get("GithubApiUrl", ""))


def registration_url(parameters: Mapping[str, str]) -> str:
    """Return where Apps are registered: on GitHub's pages.

    A stand-in on this machine, which alone has no TLS, has them at the address of its API.
    """
    api = github_api_url(parameters)
    return api if api.startswith("http://") else github_host(parameters).url
