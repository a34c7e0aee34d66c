"""What a commit says, before it is recorded and shown: without secrets, as everything that leaves a build.

Decisions are made on the names as they are; what is kept of them afterwards passes through here.
"""

from collections.abc import Sequence

from redaction import Redactor, Strictness

from pointsman.core.delivery import Delivery
from pointsman.core.model import Change, Decision, PullRequest


def without_secrets(delivery: Delivery) -> Delivery:
    """`delivery` with the secrets in its title, author, branch, file names and reasons replaced by a mark."""
    decisions, change = delivery.decisions, delivery.change
    asked = change.pull_request
    texts = [
        delivery.reason,
        change.title,
        change.author,
        change.ref,
        *((asked.base, asked.head) if asked else ()),
        *(text for decision in decisions for text in (decision.reason, decision.file or "")),
        *change.files,
    ]
    clean = _redacted(texts)
    if clean == texts:
        return delivery
    left = iter(clean)
    reason, title, author, ref = next(left), next(left), next(left), next(left)
    pull_request = _pull_request(asked, next(left), next(left)) if asked else None
    told = tuple(_decision(decision, next(left), next(left)) for decision in decisions)
    about: dict[str, object] = {
        "title": title,
        "author": author,
        "ref": ref,
        "pull_request": pull_request,
        "files": tuple(left),
    }
    return delivery.model_copy(
        update={"reason": reason, "decisions": told, "change": _change(change, about)},
    )


def _redacted(texts: Sequence[str]) -> list[str]:
    """Each text without secrets. All are read at once, unless one of them has lines."""
    redactor = Redactor()
    if not any("\n" in text for text in texts):
        clean = redactor.redact("\n".join(texts), Strictness.TITLE).split("\n")
        if len(clean) == len(texts):
            return clean
    return [redactor.redact(text, Strictness.TITLE) for text in texts]


def _decision(decision: Decision, reason: str, file: str) -> Decision:
    return decision.model_copy(update={"reason": reason, "file": file or None})


def _change(change: Change, about: dict[str, object]) -> Change:
    return change.model_copy(update=about)


def _pull_request(asked: PullRequest, base: str, head: str) -> PullRequest:
    return asked.model_copy(update={"base": base, "head": head})
