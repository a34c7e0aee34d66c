"""Which source addresses may send webhooks, and whether a request looks like one from GitHub."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from pointsman.errors import Misconfigured, Rejected

# https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
GITHUB_USER_AGENT = "GitHub-Hookshot/"


class AllowedAddresses:
    """The CIDR blocks in `ranges`, separated by commas. An empty text allows every address."""

    def __init__(self, ranges: str) -> None:
        self._networks = [_network(each) for each in ranges.replace(",", " ").split()]

    def check(self, event: Mapping[str, Any]) -> None:
        """Raise Rejected (403) if the request's source address is in none of the ranges."""
        if self._networks and not self._is_allowed(str(_http(event).get("sourceIp", ""))):
            raise Rejected(
                403,
                "the source address is not in the stack parameter GithubHookRanges: "
                "if it is one of GitHub's, add its range",
            )

    def _is_allowed(self, text: str) -> bool:
        try:
            address = ip_address(text)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def looks_like_github(event: Mapping[str, Any]) -> bool:
    """Whether the user agent is that of GitHub's webhooks. Anybody can send it, so use this only for alarms."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    agents = [str(agent) for agent in (headers.get("user-agent"), _http(event).get("userAgent")) if agent]
    return bool(agents) and all(agent.startswith(GITHUB_USER_AGENT) for agent in agents)


def _http(event: Mapping[str, Any]) -> Mapping[str, Any]:
    http: Mapping[str, Any] = (event.get("requestContext") or {}).get("http") or {}
    return http


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise Misconfigured(
            f"GITHUB_HOOK_RANGES: {text!r} is not a valid CIDR block; write one such as 192.30.252.0/22"
        ) from error
