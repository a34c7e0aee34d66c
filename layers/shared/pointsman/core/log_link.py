"""The page of a build's log, once there is a log.

Until a build has one, CodeBuild links to `...#logEvent:group=null;stream=null`, which leads nowhere.
"""

import re

_NO_LOG = re.compile(r"(?:group|stream)(?:=|%3D|\$253D)(?:null|undefined)?(?![^;&])", re.IGNORECASE)


def log_link(url: str | None) -> str | None:
    """`url`, or None when it is no address of a log."""
    return url if url and not _NO_LOG.search(url) else None
