"""Which GitHub a deployed stack serves, by its parameters."""

import pytest

from pointsmanctl.stack.github import github_api_url, github_host, registration_url

SERVER, LOCAL = "https://github.example.com", "http://127.0.0.1:4566/_github"
USUAL_API = "https://api.github.com"


@pytest.mark.parametrize(
    ("parameters", "pages", "api", "registration"),
    [
        ({}, "https://github.com", USUAL_API, "https://github.com"),
        ({"GithubApiUrl": USUAL_API}, "https://github.com", USUAL_API, "https://github.com"),
        ({"GithubUrl": SERVER, "GithubApiUrl": USUAL_API}, SERVER, f"{SERVER}/api/v3", SERVER),
        ({"GithubUrl": SERVER, "GithubApiUrl": "https://proxy.test/v3"}, SERVER, "https://proxy.test/v3", SERVER),
        ({"GithubApiUrl": LOCAL}, "https://github.com", LOCAL, LOCAL),
    ],
)
def test_addresses_follow_from_the_parameters(
    parameters: dict[str, str], pages: str, api: str, registration: str
) -> None:
    assert (github_host(parameters).url, github_api_url(parameters)) == (pages, api)
    assert registration_url(parameters) == registration
