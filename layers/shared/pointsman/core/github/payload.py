"""The parts that GitHub's payloads have in common, with the fields that Pointsman uses.

Fields that identify the commit and the repository are required and checked. Fields that are only displayed are
optional: a name that is null or an invalid link does not prevent a decision.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, get_args

from msgspec import Meta, MsgspecError, Struct, ValidationError, convert, structs
from msgspec.json import decode

from pointsman.core.github_host import GithubHost
from pointsman.core.text import replace_surrogates
from pointsman.errors import Rejected

UNKNOWN_PERSON = "unknown"
DISPLAY_ONLY = Meta(extra={"display_only": True})  # an invalid value counts as none

Sha = Annotated[str, Meta(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})\Z")]
Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]
FullName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+\Z", max_length=200)]
RefName = Annotated[str, Meta(pattern=r"^refs/[^\x00-\x1f\x7f]+\Z", max_length=1_000)]
BranchName = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]+\Z", max_length=1_000)]
OptionalText = Annotated[str | None, DISPLAY_ONLY]

# https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}(?:\[bot\])?")
_URL = re.compile(r"https?://[^\s\x00-\x1f]+")
_LONGEST_URL = 4_000
_WHERE = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<where>.*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`")


class Payload(Struct, frozen=True):
    """Base of every part of a payload. Fields that Pointsman does not use are ignored."""


class Person(Payload, frozen=True):
    """The author, committer or pusher, as git names them."""

    name: OptionalText = None
    username: OptionalText = None

    @property
    def login(self) -> str | None:
        """The login of GitHub's account with this address; None if there is none."""
        return account_login(self.username)

    @property
    def display_name(self) -> str:
        """The git name, or GitHub's login if that is empty."""
        return next((name for name in (self.name, self.username) if name and name.strip()), UNKNOWN_PERSON)


class Sender(Payload, frozen=True):
    """The GitHub account that caused the event."""

    login: Annotated[str, Meta(min_length=1)]
    id: Annotated[Number | None, DISPLAY_ONLY] = None


def account_login(text: str | None) -> str | None:
    """`text` if it has the form of a login of GitHub. It identifies a person, so it is never shortened or escaped."""
    return text if text and _LOGIN.fullmatch(text) else None


class PayloadRepository(Payload, frozen=True):
    """The repository. Its id stays the same if it is renamed."""

    id: Number
    full_name: FullName
    pushed_at: Any = None
    default_branch: Annotated[BranchName | None, DISPLAY_ONLY] = None
    html_url: OptionalText = None

    def page_on(self, host: GithubHost) -> str:
        """URL of its page. Raises Rejected (403) if the repository is on another GitHub."""
        require_host(self.html_url, host)
        return host.page(self.full_name)


def moment(value: object) -> datetime | None:
    """Read seconds since 1970 or ISO 8601 text with a time zone. Return None for anything else."""
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
            value = at.timestamp() if at.tzinfo else None
        except (ValueError, OverflowError):
            return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 2**33:
        return datetime.fromtimestamp(int(value), UTC)
    return None


def link(url: str | None) -> str | None:
    """`url` if it is one. A branch may be named `a|b` or `<a>`: escaped, it cannot end the markup of a Slack link."""
    if not url or len(url) > _LONGEST_URL or not _URL.fullmatch(url):
        return None
    return re.sub('[<>|"`]', lambda match: f"%{ord(match.group()):02X}", url)


def link_below(page: str, url: str | None) -> str | None:
    """`url` if it leads to a page below `page`, such as a commit of the repository with this page."""
    found = link(url)
    return found if found and found.startswith(f"{page}/") else None


def require_host(html_url: object, host: GithubHost) -> None:
    """Raises Rejected (403) if a repository's page is on another GitHub than the one that is served."""
    page = link(html_url) if isinstance(html_url, str) else None
    if page and not host.has(page):
        raise Rejected(
            403, f"this installation serves {host.name}: set GithubUrl to the GitHub that sends, or remove this webhook"
        )


def parse_payload[Part: Payload](kind: type[Part], payload: bytes | Mapping[str, Any]) -> Part:
    """Read `payload`, a body or its parsed JSON. Raises Rejected (400) naming the first missing or invalid field."""
    if isinstance(payload, bytes):
        try:
            return decode(payload, type=kind)
        except (MsgspecError, RecursionError):  # the rare body that is invalid, or has what is invalid and only shown
            payload = json_object(payload)
    try:
        return convert(_without_invalid(kind, payload), kind)
    except ValidationError as error:
        raise Rejected(400, _describe(error)) from error


def json_object(body: bytes) -> dict[str, Any]:
    """The object in a body of JSON. Raises Rejected (400)."""
    try:
        payload = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, a number of 4,301 digits, or too deep
        raise Rejected(400, "the body is not valid JSON") from error
    if not isinstance(payload, dict):
        raise Rejected(400, "the body is valid JSON, but not an object")
    return payload


def _without_invalid(annotation: Any, value: Any) -> Any:
    """`value` with U+FFFD for lone surrogates, and without invalid values that are only displayed."""
    kind = _part_in(annotation)
    if isinstance(value, dict) and kind:
        fields = _fields(kind)
        value = {name: _without_invalid(fields[name], inner) for name, inner in value.items() if name in fields}
    elif isinstance(value, list):
        value = [_without_invalid(kind, inner) for inner in value]
    elif isinstance(value, str):
        value = replace_surrogates(value)
    if DISPLAY_ONLY in getattr(annotation, "__metadata__", ()):
        try:
            convert(value, annotation)
        except ValidationError:
            return None
    return value


@cache
def _fields(kind: type[Payload]) -> dict[str, Any]:
    return {field.name: field.type for field in structs.fields(kind)}


@cache
def _part_in(annotation: Any) -> type[Payload] | None:
    """The part in an annotation such as `list[PushedCommit] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, Payload):
        return annotation
    return next((part for inner in get_args(annotation) if (part := _part_in(inner))), None)


def _describe(error: ValidationError) -> str:
    """The field that is missing or invalid, without its value."""
    match = _WHERE.fullmatch(str(error))
    what, where = (match["what"], match["where"] or "") if match else (str(error), "")
    if missing := _MISSING.fullmatch(what):
        return f"missing: {'.'.join(part for part in (where, missing[1]) if part)}"
    what = what[:1].lower() + what[1:]
    return f"invalid: {where} ({what})" if where else f"invalid: {what}"
