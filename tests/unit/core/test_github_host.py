"""Addresses of github.com, of GitHub Enterprise Server and of GHE.com, all from one setting."""

import pytest

from pointsman.core.github_host import GITHUB_COM, GithubHost

SERVER = GithubHost("https://github.example.com")
TENANT = GithubHost("https://acme.ghe.com")


@pytest.mark.parametrize(
    ("host", "api"),
    [
        (GITHUB_COM, "https://api.github.com"),
        (SERVER, "https://github.example.com/api/v3"),
        (GithubHost("https://git.acme.internal:8443"), "https://git.acme.internal:8443/api/v3"),
        (TENANT, "https://api.acme.ghe.com"),
    ],
)
def test_the_api_is_where_each_kind_has_it(host: GithubHost, api: str) -> None:
    assert host.api == api


def test_another_api_is_used_unless_it_is_the_one_that_earlier_versions_stored() -> None:
    assert SERVER.api_or("") == SERVER.api_or("https://api.github.com") == "https://github.example.com/api/v3"
    assert SERVER.api_or("https://proxy.example.com/github") == "https://proxy.example.com/github"
    assert GITHUB_COM.api_or("http://127.0.0.1:4566/_github") == "http://127.0.0.1:4566/_github"


def test_pages_and_clones_are_on_the_host() -> None:
    assert SERVER.page("acme/infra") == "https://github.example.com/acme/infra"
    assert SERVER.clone_url("acme/infra") == "https://github.example.com/acme/infra.git"


@pytest.mark.parametrize(
    ("url", "has"),
    [
        ("https://github.example.com", True),
        ("https://github.example.com/acme/infra", True),
        ("https://GitHub.Example.com/acme/infra", True),
        ("http://github.example.com/acme/infra", False),
        ("https://github.example.com.evil.test/acme/infra", False),
        ("https://github.example.com@evil.test/acme/infra", False),
        ("https://github.example.com:444/acme/infra", False),
        ("https://github.com/acme/infra", False),
    ],
)
def test_an_address_of_another_host_is_recognised(url: str, has: bool) -> None:
    assert SERVER.has(url) is has


@pytest.mark.parametrize(
    "url",
    [
        "",
        "github.example.com",
        "http://github.example.com",
        "https://github.example.com/",
        "https://GitHub.example.com",
        "https://user@github.example.com",
        "https://github.example.com/api/v3",
        "https://-x.example.com",
        "https://github.example.com\n",
    ],
)
def test_what_is_not_the_address_of_a_host_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be the address of GitHub's pages"):
        GithubHost(url)
