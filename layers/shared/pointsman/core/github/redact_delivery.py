"""Remove secrets from a delivery before it is stored and displayed.

The routes are evaluated on the original names. Everything that is kept afterwards passes through here.
The redaction itself is `runner/redaction/`, which the builds and the functions share.
"""

from collections.abc import Sequence
from functools import lru_cache

from redaction import Redactor, Strictness

from pointsman.core.change import Change, PullRequest
from pointsman.core.decision import Decision
from pointsman.core.delivery import Delivery

LONGEST_CACHED = 2_000  # characters


def without_secrets(delivery: Delivery) -> Delivery:
    """Return `delivery` with every secret in its texts (title, author, branch, files, reasons) replaced by a mark."""
    change, pull_request = delivery.change, delivery.change.pull_request
    texts = [
        delivery.reason,
        change.title,
        change.author,
        change.ref,
        *((pull_request.base, pull_request.head) if pull_request else ()),
        *(text for decision in delivery.decisions for text in (decision.reason, decision.file or "")),
        change.committer or "",
        *change.unknown_authors,
        *change.co_authors,
        *change.files,
    ]
    redacted = _redacted(texts)
    if redacted is texts or redacted == texts:
        return delivery
    remaining = iter(redacted)
    reason, title, author, ref = next(remaining), next(remaining), next(remaining), next(remaining)
    if pull_request:
        pull_request = _pull_request(pull_request, next(remaining), next(remaining))
    decisions = tuple(_decision(decision, next(remaining), next(remaining)) for decision in delivery.decisions)
    committer = next(remaining) or None
    unknown = tuple(next(remaining) for _ in change.unknown_authors)
    co_authors = tuple(next(remaining) for _ in change.co_authors)
    fields: dict[str, object] = {
        "title": title,
        "author": author,
        "ref": ref,
        "pull_request": pull_request,
        "committer": committer,
        "unknown_authors": unknown,
        "co_authors": co_authors,
        "files": tuple(remaining),
    }
    return delivery.replace(reason=reason, decisions=decisions, change=_change(change, fields))


def _redacted(texts: Sequence[str]) -> Sequence[str]:
    """Return each text without secrets. What one text tells to be a secret is one in all of them."""
    if all(map(_is_clean, texts)):
        return texts
    redactor = Redactor()
    if not any("\n" in text for text in texts):
        redacted = redactor.redact("\n".join(texts), Strictness.TITLE).split("\n")
        if len(redacted) == len(texts):
            return redacted
    return [redactor.redact(text, Strictness.TITLE) for text in texts]


@lru_cache(maxsize=2048)
def _is_clean(text: str) -> bool:
    """Whether a text has no secret. Cached: reasons, files, branches and people are the same from push to push."""
    return len(text) <= LONGEST_CACHED and Redactor().redact(text, Strictness.TITLE) == text


def _decision(decision: Decision, reason: str, file: str) -> Decision:
    return decision.replace(reason=reason, file=file or None)


def _change(change: Change, fields: dict[str, object]) -> Change:
    return change.replace(**fields)


def _pull_request(pull_request: PullRequest, base: str, head: str) -> PullRequest:
    return pull_request.replace(base=base, head=head)
