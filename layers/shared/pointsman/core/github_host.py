"""The GitHub that an installation serves: github.com, GitHub Enterprise Server, or GitHub Enterprise Cloud on GHE.com.

An installation serves one. Two of them can each have acme/infra, and their numbers of repositories overlap (ADR 36).
Every address is built from the one that is configured: what a payload says is never followed.
"""

import re

from msgspec import Struct

WEB = "https://github.com"
API = "https://api.github.com"
_WEB = re.compile(r"https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")
_SCHEME = "https://"


class GithubHost(Struct, frozen=True):
    """One GitHub. `url`: the address of its pages, such as https://github.example.com. Raises ValueError."""

    url: str = WEB

    def __post_init__(self) -> None:
        if not _WEB.fullmatch(self.url):
            raise ValueError(
                "must be the address of GitHub's pages in lower case and without a path, such as "
                "https://github.example.com"
            )

    @property
    def name(self) -> str:
        """The host's name, with its port if it has one."""
        return self.url.removeprefix(_SCHEME)

    @property
    def is_github_com(self) -> bool:
        """Whether it is github.com itself."""
        return self.url == WEB

    @property
    def is_ghe_com(self) -> bool:
        """Whether it is a tenant of GitHub Enterprise Cloud with data residency."""
        return self.name.endswith(".ghe.com")

    @property
    def api(self) -> str:
        """The address of its REST API.

        github.com and GHE.com have it on a host of its own, GitHub Enterprise Server below /api/v3:
        https://docs.github.com/en/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api
        """
        if self.is_github_com or self.is_ghe_com:
            return f"{_SCHEME}api.{self.name}"
        return f"{self.url}/api/v3"

    def api_or(self, override: str) -> str:
        """The address of the API, unless `override` names another, such as a proxy's.

        Earlier versions stored that of github.com in every stack: for another host, it counts as none.
        """
        return self.api if override in ("", API) else override

    def page(self, repository: str) -> str:
        """The page of a repository, `owner/name`."""
        return f"{self.url}/{repository}"

    def clone_url(self, repository: str) -> str:
        """The address from which a repository, `owner/name`, is cloned."""
        return f"{self.page(repository)}.git"

    def has(self, url: str) -> bool:
        """Whether an address is one of this host."""
        return f"{url}/".lower().startswith(f"{self.url}/")


GITHUB_COM = GithubHost()
