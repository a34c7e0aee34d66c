"""Where a request comes from, as API Gateway says: its address, and whether it looks like GitHub."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from pointsman.errors import Misconfigured, Rejected

# https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
GITHUBS_AGENT = "GitHub-Hookshot/"


class AllowedAddresses:
    """Who may knock: everyone, or the addresses of `ranges` (CIDR blocks with commas) alone."""

    def __init__(self, ranges: str) -> None:
        self._networks = [_network(each) for each in ranges.replace(",", " ").split()]

    def check(self, event: Mapping[str, Any]) -> None:
        """Raises Rejected (403) where the request's address is not among the ranges."""
        if self._networks and not self._is_known(str(_http(event).get("sourceIp", ""))):
            raise Rejected(
                403, "the address is none of GitHub's hooks: the stack's GithubHookRanges has those that are"
            )

    def _is_known(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)


def looks_like_github(event: Mapping[str, Any]) -> bool:
    """Whether the request names itself as GitHub's hooks do. Anybody may: it is good for an alarm alone."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    agents = [str(agent) for agent in (headers.get("user-agent"), _http(event).get("userAgent")) if agent]
    return bool(agents) and all(agent.startswith(GITHUBS_AGENT) for agent in agents)


def _http(event: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (event.get("requestContext") or {}).get("http") or {}
    return found


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise Misconfigured(f"GITHUB_HOOK_RANGES: {text!r} is no CIDR block such as 192.30.252.0/22") from error
