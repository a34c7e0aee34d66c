"""The stand-in for GitHub's API: the truth of git, in GitHub's words and within GitHub's limits."""

import json
import re
import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from localcloud.git import Repository
from localcloud.git_command import git
from localcloud.git_history import Planned, make_history
from localcloud.github import push_payload
from localcloud.github_api import GithubApi
from localcloud.github_app import App
from localcloud.web import Request, Response

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
APP = App()  # making a key takes its time: one for all


class Client:
    """Calls the handler as a client with a token would."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.now = NOON
        app = replace(APP, clock=lambda: self.now, token_seconds=3600.0, _grants={})
        self.api = GithubApi(directory / "git", app=app)
        self.token = app.token

    def repository(self, full_name: str = "acme/infra") -> Repository:
        made = Repository(self.directory / "git", self.directory / "clones", full_name)
        made.create()
        return made

    def call(self, path: str, method: str = "GET", body: object = None, **headers: str) -> Response:
        path, _, query = path.partition("?")
        known = {"authorization": f"Bearer {self.token}", "user-agent": "test", "host": "127.0.0.1:1"}
        parameters = dict(each.split("=") for each in query.split("&") if each)
        content = {"content-type": "application/json"} if body is not None else {}
        sent = json.dumps(body).encode() if body is not None else b""
        return self.api.serve(Request(method, f"/_github{path}", parameters, known | content | headers, sent))

    def get(self, path: str, status: int = 200, full_name: str = "acme/infra") -> Any:
        answer = self.call(f"/repos/{full_name}/{path}")
        assert answer.status == status, answer.body
        return json.loads(answer.body)

    def claims(self, **changes: Any) -> dict[str, Any]:
        claims = {"iss": str(self.api.app.app_id), "iat": int(self.now) - 60, "exp": int(self.now) + 480} | changes
        return {name: value for name, value in claims.items() if value is not None}

    def ask_token(self, body: object = None, jwt_: str | None = None, installation: int | None = None) -> Response:
        app = self.api.app
        signed = jwt_ or jwt.encode(self.claims(), app.private_key, "RS256")
        path = f"/app/installations/{installation or app.installation_id}/access_tokens"
        return self.call(path, "POST", body, authorization=f"Bearer {signed}")

    def use_token(self, **narrowed: Any) -> dict[str, Any]:
        answer = self.ask_token(narrowed)
        assert answer.status == 201, answer.body
        told: dict[str, Any] = json.loads(answer.body)
        self.token = told["token"]
        return told


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(tmp_path)


@pytest.fixture
def repository(client: Client) -> Repository:
    made = client.repository()
    made.commit({"README.md": "# infra\n", "ansible/site.yml": "- hosts: all\n  roles: [app]\n"}, "Begin")
    return made


def named(files: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(file["status"], file["filename"]) for file in files]


def many(count: int) -> Planned:
    return Planned("Many", {f"files/{number:04}": f"{number}\n" for number in range(count)})


# --- comparisons ----------------------------------------------------------------------------------------------------


def test_a_comparison_tells_what_a_branch_has_since_it_left(client: Client, repository: Repository) -> None:
    left = repository.resolve("main")
    repository.commit({"docs/x.md": "1\n2\n", "ansible/site.yml": "- hosts: web\n"}, "Feature", branch="feature/x")
    repository.commit({"README.md": "# changed\n"}, "Main")
    told = client.get("compare/main...feature/x")
    assert (told["status"], told["ahead_by"], told["behind_by"], told["total_commits"]) == ("diverged", 1, 1, 1)
    assert told["base_commit"]["sha"] == repository.resolve("main")
    assert told["merge_base_commit"]["sha"] == left
    assert [each["commit"]["message"] for each in told["commits"]] == ["Feature"]
    assert named(told["files"]) == [("modified", "ansible/site.yml"), ("added", "docs/x.md")]
    site, docs = told["files"]
    assert (site["additions"], site["deletions"], site["changes"]) == (1, 2, 3)
    assert (docs["additions"], docs["deletions"], docs["changes"]) == (2, 0, 2)
    assert docs["sha"] == git(["rev-parse", "feature/x:docs/x.md"], repository.bare).strip()
    assert docs["blob_url"].endswith(f"/acme/infra/blob/{repository.resolve('feature/x')}/docs/x.md")


def test_a_comparison_says_who_is_ahead(client: Client, repository: Repository) -> None:
    first = repository.resolve("main")
    second = repository.commit({"a": "1"}, "Second").after
    assert client.get(f"compare/{first}...{second}")["status"] == "ahead"
    assert client.get(f"compare/{first[:7]}...main")["status"] == "ahead"
    behind = client.get(f"compare/{second}...{first}")
    assert (behind["status"], behind["behind_by"], behind["files"]) == ("behind", 1, [])
    assert client.get("compare/main...acme:main")["status"] == "identical"


def test_a_comparison_finds_what_was_renamed_and_removed(client: Client, repository: Repository) -> None:
    repository.commit({"Über uns.md": "x" * 99, "gone.md": "y"}, "More")
    base = repository.resolve("main")
    repository.rename({"Über uns.md": "docs/ü b.md", "ansible/site.yml": "ansible/all.yml"}, "Rename")
    repository.commit({"gone.md": None}, "Remove")
    files = client.get(f"compare/{base}...main")["files"]
    assert named(files) == [
        ("renamed", "ansible/all.yml"), ("renamed", "docs/ü b.md"), ("removed", "gone.md"),
    ]  # fmt: skip
    assert [file.get("previous_filename") for file in files] == ["ansible/site.yml", "Über uns.md", None]
    assert files[1]["contents_url"].endswith(f"/contents/docs/%C3%BC%20b.md?ref={repository.resolve('main')}")
    assert files[2]["sha"] == git(["rev-parse", f"{base}:gone.md"], repository.bare).strip()


def test_a_file_that_becomes_a_link_has_changed_and_a_binary_one_has_no_lines(
    client: Client, repository: Repository, tmp_path: Path
) -> None:
    begun = repository.commit({"run": "ls", "logo.png": b"\0\1"}, "More").after
    work = tmp_path / "work"
    git(["clone", "--quiet", str(repository.bare), str(work)], tmp_path)
    (work / "run").unlink()
    (work / "run").symlink_to("README.md")
    (work / "logo.png").write_bytes(b"\0\2")
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    git([*identity, "commit", "--quiet", "--all", "--message=Link"], work)
    git(["push", "--quiet"], work)
    files = client.get(f"compare/{begun}...main")["files"]
    assert named(files) == [("modified", "logo.png"), ("changed", "run")]
    assert files[0]["changes"] == 0


@pytest.mark.parametrize("basehead", ["main...gone", "gone...main", "main", "main..main", "...main", "main~1...main"])
def test_a_comparison_with_what_is_not_there_is_not_found(
    client: Client, repository: Repository, basehead: str
) -> None:
    told = client.get(f"compare/{basehead}", status=404)
    assert (told["message"], told["status"]) == ("Not Found", "404")
    assert told["documentation_url"].startswith("https://docs.github.com/rest/commits/commits")


def test_histories_that_never_met_are_not_compared(client: Client, repository: Repository) -> None:
    make_history(repository, [Planned("Alone", {"a": "1"})], "alone", orphan=True)
    told = client.get("compare/main...alone", status=404)
    assert told["message"] == "No common ancestor between main and alone."


@pytest.mark.parametrize(("count", "listed"), [(299, 299), (300, 300), (301, 300)])
def test_a_comparison_lists_300_files_whatever_page_is_asked(
    client: Client, repository: Repository, count: int, listed: int
) -> None:
    base = repository.resolve("main")
    make_history(repository, [many(count), Planned("Another", {"files/0000": "x"})])
    assert len(client.get(f"compare/{base}...main")["files"]) == listed
    first = client.call(f"/repos/acme/infra/compare/{base}...main?per_page=1")
    told = json.loads(first.body)
    assert (len(told["files"]), len(told["commits"]), told["total_commits"]) == (listed, 1, 2)
    assert 'page=2>; rel="next"' in first.headers["link"]
    second = client.get(f"compare/{base}...main?per_page=1&page=2")
    assert [each["commit"]["message"] for each in second["commits"]] == ["Another"]
    assert "files" not in second


def test_a_comparison_lists_the_newest_250_commits_or_pages_from_the_oldest(
    client: Client, repository: Repository
) -> None:
    base = repository.resolve("main")
    make_history(repository, [Planned(f"{number}", {"a": f"{number}"}) for number in range(260)])
    told = client.get(f"compare/{base}...main")
    messages = [each["commit"]["message"] for each in told["commits"]]
    assert (told["total_commits"], len(messages), messages[0], messages[-1]) == (260, 250, "10", "259")
    paged = client.get(f"compare/{base}...main?per_page=500")
    assert [each["commit"]["message"] for each in paged["commits"]] == [f"{number}" for number in range(100)]
    assert len(client.get(f"compare/{base}...main?page=2")["commits"]) == 30


# --- trees ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["main", "refs/heads/main", "heads/main", "HEAD", "v1", "v2"])
def test_a_tree_is_found_by_branch_and_tag(client: Client, repository: Repository, name: str) -> None:
    repository.tag("v1")
    repository.tag("v2", message="Annotated")
    sha = repository.resolve("main")
    assert client.get(f"git/trees/{name}")["sha"] == sha
    assert client.get(f"git/trees/{sha}")["sha"] == sha


def test_a_tree_has_files_and_folders_of_every_depth_when_that_is_asked(client: Client, repository: Repository) -> None:
    update = repository.commit({"docs/a b/ü.md": "four"}, "Deep")
    told = client.get(f"git/trees/{update.after}?recursive=1")
    entries = {entry["path"]: entry for entry in told["tree"]}
    folders = ["ansible", "docs", "docs/a b"]
    assert [path for path, entry in entries.items() if entry["type"] == "tree"] == folders
    assert sorted(entries) == sorted([*folders, "README.md", "ansible/site.yml", "docs/a b/ü.md"])
    file = entries["docs/a b/ü.md"]
    assert (file["mode"], file["size"]) == ("100644", 4)
    assert file["url"] == f"http://127.0.0.1:1/_github/repos/acme/infra/git/blobs/{file['sha']}"
    assert "size" not in entries["docs"]
    assert told["truncated"] is False
    assert [entry["path"] for entry in client.get("git/trees/main")["tree"]] == ["README.md", "ansible", "docs"]
    below = client.get(f"git/trees/{entries['docs']['sha']}")
    assert (below["sha"], [entry["path"] for entry in below["tree"]]) == (entries["docs"]["sha"], ["a b"])


def test_a_submodule_is_a_commit_of_another_repository(client: Client, repository: Repository) -> None:
    index = {"GIT_INDEX_FILE": str(repository.bare / "index-of-test")}
    git(["read-tree", "main"], repository.bare, index)
    git(["update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},roles/shared"], repository.bare, index)
    tree = git(["write-tree"], repository.bare, index).strip()
    told = client.get(f"git/trees/{tree}?recursive=1")["tree"]
    assert told[-1] == {"path": "roles/shared", "mode": "160000", "type": "commit", "sha": "1" * 40}


def test_a_tree_above_the_limit_is_truncated(client: Client, repository: Repository) -> None:
    entries = client.get("git/trees/main?recursive=1")["tree"]
    client.api.control(tree_limit=len(entries))
    assert client.get("git/trees/main?recursive=1")["truncated"] is False
    client.api.control(tree_limit=len(entries) - 1)
    told = client.get("git/trees/main?recursive=1")
    assert (told["truncated"], told["tree"]) == (True, entries[:-1])


def test_a_tree_without_entries_is_not_found(client: Client, repository: Repository) -> None:
    """As on GitHub: https://github.com/orgs/community/discussions/131150."""
    repository.commit({"README.md": None, "ansible/site.yml": None}, "Nothing left")
    client.get("git/trees/main?recursive=1", status=404)
    client.get(f"git/trees/{'1' * 40}", status=404)


# --- commits --------------------------------------------------------------------------------------------------------


def test_a_commit_tells_its_files_against_its_first_parent(client: Client, repository: Repository) -> None:
    repository.commit({"feature.md": "1\n"}, "Feature", branch="feature")
    main = repository.commit({"README.md": None}, "Main").after
    merge = repository.merge("feature").after
    told = client.get(f"commits/{merge}")
    assert [each["sha"] for each in told["parents"]] == [main, repository.resolve("feature")]
    assert named(told["files"]) == [("added", "feature.md")]
    assert told["stats"] == {"total": 1, "additions": 1, "deletions": 0}
    assert told["commit"]["message"] == "Merge branch 'feature' into main"
    assert told["commit"]["tree"]["sha"] == repository.describe(merge).tree
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["commit"]["author"]["date"])


def test_the_first_commit_adds_all_it_has(client: Client, repository: Repository) -> None:
    told = client.get("commits/main")
    assert told["parents"] == []
    assert named(told["files"]) == [("added", "README.md"), ("added", "ansible/site.yml")]


def test_a_commits_files_page_up_to_3000(client: Client, repository: Repository) -> None:
    sha = make_history(repository, [many(3_001)]).after
    path, found, last = f"/repos/acme/infra/commits/{sha}", [], ""
    while path:
        answer = client.call(path)
        found += [file["filename"] for file in json.loads(answer.body)["files"]]
        last = answer.headers["link"]
        following = re.search(r'<http://127\.0\.0\.1:1/_github([^>]+)>; rel="next"', last)
        path = following[1] if following else ""
    assert found == [f"files/{number:04}" for number in range(3_000)]
    assert 'page=9>; rel="prev"' in last
    assert len(client.api.calls) == 10
    assert len(client.get(f"commits/{sha}?per_page=50&page=2")["files"]) == 50


def test_an_unknown_commit_cannot_be_processed(client: Client, repository: Repository) -> None:
    told = client.get(f"commits/{'1' * 40}", status=422)
    assert told["message"] == f"No commit found for SHA: {'1' * 40}"


def test_an_empty_repository_is_a_conflict(client: Client) -> None:
    client.repository("acme/empty")
    for path in ("commits/main", "git/trees/main"):
        assert client.get(path, 409, "acme/empty")["message"] == "Git Repository is empty."


# --- who may ask ----------------------------------------------------------------------------------------------------


def test_a_token_is_made_for_an_hour_and_named_repositories(client: Client, repository: Repository) -> None:
    client.repository("acme/other").commit({"a": "1"}, "Begin")
    told = client.use_token(repositories=["infra"], permissions={"contents": "read"})
    assert told["token"].startswith("ghs_")
    assert told["expires_at"] == "2026-11-23T13:00:00Z"
    assert told["permissions"] == {"contents": "read", "metadata": "read"}
    assert (told["repository_selection"], [each["full_name"] for each in told["repositories"]]) == (
        "selected", ["acme/infra"],
    )  # fmt: skip
    client.get("commits/main")
    client.get("commits/main", 404, "acme/other")
    client.now += 3_599
    client.get("commits/main")
    client.now += 1
    assert client.get("commits/main", 401)["message"] == "Bad credentials"


def test_a_token_that_is_not_narrowed_is_good_for_all_of_the_account(client: Client, repository: Repository) -> None:
    client.repository("acme/other").commit({"a": "1"}, "Begin")
    client.repository("hana/infra").commit({"a": "1"}, "Begin")
    told = client.use_token()
    assert told["repository_selection"] == "all"
    assert "repositories" not in told
    client.get("commits/main", 200, "ACME/Other")
    client.get("commits/main", 404, "hana/infra")
    client.api.control(installed=["acme/infra", "hana/infra"])
    client.get("commits/main", 200, "hana/infra")
    client.get("commits/main", 404, "acme/other")


def test_a_token_is_narrowed_by_a_repositorys_id_as_events_tell_it(client: Client, repository: Repository) -> None:
    update = repository.commit({"a": "1"}, "Change")
    told = push_payload(repository, update, repository.describe("main").author)["repository"]["id"]
    assert client.use_token(repository_ids=[told])["repositories"][0]["id"] == told
    client.get("commits/main")


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"repositories": ["infra", "gone"]}, 422, "There is at least one repository that does not exist"),
        ({"permissions": {"contents": "write"}}, 422, "The permissions requested are not granted"),
        ({"permissions": {"issues": "read"}}, 422, "The permissions requested are not granted"),
        (["infra"], 400, "Body should be a JSON object"),
    ],
)
def test_a_token_for_more_than_was_installed_is_refused(
    client: Client, repository: Repository, body: object, status: int, message: str
) -> None:
    answer = client.ask_token(body)
    assert answer.status == status
    assert json.loads(answer.body)["message"].startswith(message)


def test_a_token_without_contents_reads_none(client: Client, repository: Repository) -> None:
    client.use_token(permissions={"metadata": "read"})
    assert client.get("commits/main", 403)["message"] == "Resource not accessible by integration"


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"iat": int(NOON) + 1}, 401, "'Issued at' claim ('iat') must be an Integer"),
        ({"iat": NOON - 60.5}, 401, "'Issued at' claim ('iat') must be an Integer"),
        ({"iat": None}, 401, "'Issued at' claim ('iat') must be an Integer"),
        ({"exp": int(NOON)}, 401, "'Expiration time' claim ('exp') must be a numeric value"),
        ({"exp": None}, 401, "'Expiration time' claim ('exp') must be a numeric value"),
        ({"exp": int(NOON) + 601}, 401, "'Expiration time' claim ('exp') is too far in the future"),
        ({"iss": "1"}, 404, "Integration not found"),
    ],
)
def test_the_apps_claims_are_checked(client: Client, changes: dict[str, Any], status: int, message: str) -> None:
    answer = client.ask_token(jwt_=jwt.encode(client.claims(**changes), client.api.app.private_key, "RS256"))
    assert answer.status == status
    assert json.loads(answer.body)["message"].startswith(message)


def test_the_longest_time_and_the_app_as_a_number_are_allowed(client: Client) -> None:
    claims = client.claims(exp=int(NOON) + 600, iat=int(NOON))
    assert client.ask_token(jwt_=jwt.encode(claims, client.api.app.private_key, "RS256")).status == 201


@pytest.mark.parametrize("forged", ["another key", "HS256", "no JWT"])
def test_only_the_apps_own_key_signs(client: Client, forged: str) -> None:
    key = rsa.generate_private_key(65537, 2048)
    tokens = {
        "another key": jwt.encode(client.claims(), key, "RS256"),
        "HS256": jwt.encode(client.claims(), "a secret of more than thirty-two bytes", "HS256"),
        "no JWT": client.token,
    }
    answer = client.ask_token(jwt_=tokens[forged])
    assert answer.status == 401
    assert json.loads(answer.body)["message"] == "A JSON web token could not be decoded"


def test_an_unknown_installation_is_not_found(client: Client) -> None:
    assert client.ask_token(installation=1).status == 404


def test_a_wrong_token_is_refused_and_without_one_nothing_is_there(client: Client, repository: Repository) -> None:
    path = "/repos/acme/infra/commits/main"
    assert client.call(path, authorization="Bearer ghs_wrong").status == 401
    assert client.call(path, authorization=f"Basic {client.token}").status == 401
    assert client.call(path, authorization=f"token {client.token}").status == 200
    assert client.call(path, authorization="").status == 404


def test_a_withdrawn_token_is_worthless(client: Client, repository: Repository) -> None:
    client.use_token()
    client.api.control(withdraw=True)
    client.get("commits/main", 401)


def test_the_secret_is_what_a_client_signs_with(client: Client) -> None:
    secret = json.loads(client.api.app.secret())
    assert jwt.encode(client.claims(), secret["private_key"], "RS256")
    assert secret.keys() == {"app_id", "installation_id", "private_key"}
    assert client.token not in repr(client.api.app)
    assert "PRIVATE" not in repr(client.api.app)


# --- what else may come ---------------------------------------------------------------------------------------------


def test_a_repository_that_was_renamed_is_found_at_its_id(client: Client, repository: Repository) -> None:
    repository.commit({"a": "1"}, "On a branch", branch="feature/ü")
    client.api.control(renames={"acme/old": "acme/infra"})
    moved = client.call("/repos/acme/old/compare/main...feature/ü?per_page=1")
    location = moved.headers["location"]
    assert moved.status == 301
    assert json.loads(moved.body)["message"] == "Moved Permanently"
    assert re.fullmatch(
        r"http://127\.0\.0\.1:1/_github/repositories/\d+/compare/main\.\.\.feature/%C3%BC\?per_page=1", location
    )
    found = client.call(location.removeprefix("http://127.0.0.1:1/_github").replace("%C3%BC", "ü"))
    assert json.loads(found.body)["total_commits"] == 1
    assert client.call("/repos/acme/old/commits/main", authorization="Bearer x").status == 401
    assert client.call("/repos/acme/older/commits/main").status == 404


def test_a_fault_comes_as_often_as_it_is_asked_for(client: Client, repository: Repository) -> None:
    client.call("/control", "POST", {"fail": {"path_contains": "compare", "status": 502, "times": 2}})
    client.get("commits/main")
    for status in (502, 502, 200):
        client.get("compare/main...main", status)
    assert [call["status"] for call in client.api.calls] == [200, 502, 502, 200]


def test_a_call_is_held_up_until_the_faults_are_undone(client: Client, repository: Repository) -> None:
    client.api.control(delay={"path_contains": "trees", "seconds": 60, "times": 1})
    answers: list[int] = []
    path = "/repos/acme/infra/git/trees/main"
    held = threading.Thread(target=lambda: answers.append(client.call(path).status))
    held.start()
    while not client.api.calls:
        held.join(0.001)
    assert client.api.calls == [
        {"method": "GET", "path": "/repos/acme/infra/git/trees/main", "query": {}, "status": 0},
    ]  # fmt: skip
    client.get("commits/main")
    assert answers == []
    while held.is_alive():
        client.api.control(reset=True)
        held.join(0.01)
    assert answers == [200]


def test_a_spent_limit_says_when_there_is_more(client: Client, repository: Repository) -> None:
    before = client.call("/repos/acme/infra/commits/main").headers
    assert (before["x-ratelimit-limit"], before["x-ratelimit-remaining"]) == ("5000", "4999")
    client.api.control(rate_limited=True)
    limited = client.call("/repos/acme/infra/commits/main")
    assert (limited.status, limited.headers["x-ratelimit-remaining"]) == (403, "0")
    assert int(limited.headers["x-ratelimit-reset"]) > 0
    assert "retry-after" not in limited.headers
    client.api.control(rate_limited="secondary")
    limited = client.call("/repos/acme/infra/commits/main")
    assert (limited.status, limited.headers["retry-after"]) == (403, "60")
    assert limited.headers["x-ratelimit-remaining"] != "0"
    client.api.control(rate_limited=False)
    client.get("commits/main")


def test_calls_can_be_read_and_forgotten(client: Client, repository: Repository) -> None:
    client.get("git/trees/main?recursive=1")
    told = json.loads(client.call("/calls").body)
    path = "/repos/acme/infra/git/trees/main"
    assert told == [{"method": "GET", "path": path, "query": {"recursive": "1"}, "status": 200}]
    client.call("/control", "POST", {"reset": True})
    assert client.api.calls == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/repos/acme/infra"),
        ("GET", "/repos/acme/infra/pulls/1"),
        ("POST", "/repos/acme/infra/git/trees/main"),
        ("GET", "/app/installations/1/access_tokens"),
        ("GET", "/repos/../infra/commits/main"),
        ("GET", "/repositories/1/commits/main"),
    ],
)
def test_nothing_else_is_there(client: Client, repository: Repository, method: str, path: str) -> None:
    assert client.call(path, method).status == 404


def test_a_client_says_who_it_is(client: Client, repository: Repository) -> None:
    request = Request("GET", "/_github/repos/acme/infra/commits/main", {}, {}, b"")
    assert client.api.serve(request).status == 403
