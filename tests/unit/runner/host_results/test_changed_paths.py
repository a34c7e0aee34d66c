"""The files that a task changed, from what modules return."""

from typing import Any

import pytest
from host_results.changed_paths import LONGEST_PATH, MOST_PATHS, changed_paths
from redaction import Redactor

# As ansible-core 2.21 and its collections return them, shortened.
COPY = {"changed": True, "dest": "/etc/motd", "src": "/tmp/source", "diff": [{"before": "", "after": "x"}]}
FILE = {"changed": True, "path": "/srv/app/", "state": "directory"}
LINEINFILE = {
    "changed": True,
    "msg": "line added",
    "diff": [{"before_header": "/etc/hosts (content)", "after_header": "/etc/hosts (content)"}, {}],
}
GIT = {"changed": True, "after": "1f0b", "invocation": {"module_args": {"dest": "/srv/site", "path": None}}}
PACKAGE = {"changed": True, "results": ["Installed nginx"], "invocation": {"module_args": {"name": "nginx"}}}


def paths(*items: dict[str, Any], redactor: Redactor | None = None) -> tuple[str, ...]:
    result = items[0] if len(items) == 1 else {"results": list(items), "msg": "All items completed", "changed": True}
    return changed_paths(result, redactor or Redactor())[0]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (COPY, ("/etc/motd",)),
        (FILE, ("/srv/app",)),
        (LINEINFILE, ("/etc/hosts",)),
        (GIT, ("/srv/site",)),
        (PACKAGE, ()),
        ({"changed": True, "path": "/"}, ("/",)),
        ({"changed": True, "dest": "relative/file"}, ()),
        ({"changed": True, "dest": ["/etc/a"], "diff": "text", "invocation": "text"}, ()),
        ({"changed": True, "dest": "/" + "x" * LONGEST_PATH}, ()),
    ],
    ids=["copy", "file", "lineinfile", "git", "package", "root", "relative", "other types", "too long"],
)
def test_a_path_is_found_where_modules_put_it(result: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert paths(result) == expected


def test_each_item_that_changed_has_its_path_and_no_other() -> None:
    unchanged, failed = {**FILE, "path": "/a", "changed": False}, {**FILE, "path": "/b", "failed": True}
    hidden = {**FILE, "path": "/c", "_ansible_no_log": True}
    assert paths(COPY, unchanged, failed, hidden, FILE, COPY) == ("/etc/motd", "/srv/app")


def test_the_number_of_paths_is_limited_and_the_others_are_counted() -> None:
    items = [{**FILE, "path": f"/srv/{number}"} for number in range(MOST_PATHS + 9)]
    result = {"results": [*items, {**FILE, "path": "/" + "x" * LONGEST_PATH}, items[0]], "changed": True}
    kept, omitted = changed_paths(result, Redactor())
    assert (len(kept), omitted) == (MOST_PATHS, 10)


def test_a_secret_in_a_path_is_hidden() -> None:
    redactor = Redactor()
    redactor.learn_secret("k8-Vr2mQz")
    [path] = paths({**FILE, "path": "/srv/k8-Vr2mQz/app"}, redactor=redactor)
    assert "k8-Vr2mQz" not in path
    assert path.startswith("/srv/")


@pytest.mark.parametrize(
    "path",
    [
        "/srv/www/acme/releases/20261130121703/shared/config",
        "/var/www/app/styles.9c1185a5c5e9fc54.css",
        "/usr/lib/jvm/java17/conf/security/policy/unlimited/default",
    ],
)
def test_a_path_that_only_looks_like_a_key_stays(path: str) -> None:
    assert paths({**FILE, "path": path}) == (path,)
