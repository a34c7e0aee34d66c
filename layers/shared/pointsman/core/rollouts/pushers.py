"""Everybody who has pushed the commit of a rollout: the same commit may be pushed more than once, by several people."""

from pointsman.core.change import Change
from pointsman.core.delivery import Delivery
from pointsman.core.model import Rollout


def with_people(rollout: Rollout, delivery: Delivery) -> Rollout:
    """The rollout, which knows who made this push, too, even if it came late and started nothing."""
    if delivery.push in rollout.pushes:
        return rollout
    return rollout.replace(change=pushed_again(rollout.change, delivery.change, is_newest=False))


def pushed_again(change: Change, again: Change, *, is_newest: bool) -> Change:
    """The change with everybody who pushed and wrote it: none of them may approve it where `not_author` is set."""
    authors, unknown = change.authors, dict.fromkeys((*change.unknown_authors, *again.unknown_authors))
    if authors is not None and again.authors is not None:
        authors = tuple(dict.fromkeys((*authors, *again.authors)))
    actor, other = (again, change) if is_newest else (change, again)
    earlier = dict.fromkeys((*change.earlier_actors, other.actor))
    return change.replace(
        actor=actor.actor,
        actor_id=actor.actor_id,
        authors=authors,
        unknown_authors=tuple(unknown),
        co_authors=tuple(dict.fromkeys((*change.co_authors, *again.co_authors))),
        earlier_actors=tuple(name for name in earlier if name != actor.actor),
    )
