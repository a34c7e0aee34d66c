"""What routes.yaml may say of a run, the runner accepts: check_routes accepts no option that read_options refuses."""

from dataclasses import asdict
from typing import Any

from ansible_run.options import Options, read_options
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pointsman.core.routes.check import check_routes

PATHS = st.sampled_from(["a", "../a", "a/b.yml", "a b", "/a", "a/../b", ".hidden/x.yml", "a+b.txt", "-a"])
NAMES = st.sampled_from(["a", "a_1", "A", "_", "ansible_host", "a-b", "x" * 100, "PATH", "POINTSMAN_X"])
SECRETS = st.sampled_from(["infra/vault", "a+b=c@d.e-f_g", "x" * 512, "a b", "arn:aws:x", ""])
TEXTS = st.text("aZ0 é{\n\x00\x7f", max_size=4)
OPTIONS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"directory": PATHS}),
    st.fixed_dictionaries({"directory": st.just("x/y"), "inventory": st.lists(PATHS, max_size=2)}),
    st.fixed_dictionaries({"directory": st.just("x/y"), "requirements": st.lists(PATHS, max_size=2)}),
    st.fixed_dictionaries(
        {"vault": st.lists(SECRETS | st.fixed_dictionaries({"secret": SECRETS, "id": NAMES}), max_size=2)}
    ),
    st.fixed_dictionaries(
        {
            "secrets": st.dictionaries(
                NAMES,
                st.fixed_dictionaries({"secret": SECRETS}, optional={"key": TEXTS})
                | st.fixed_dictionaries({"parameter": st.sampled_from(["a", "/a/b", "a/b", "/", "/a" * 15])}),
                max_size=2,
            )
        }
    ),
    st.fixed_dictionaries({"skip_tags": st.lists(st.sampled_from(["a", "a-b", "a--b", "a.b_c", "a,b"]), max_size=2)}),
    st.fixed_dictionaries({"forks": st.integers(-1, 600), "verbosity": st.integers(-1, 6)}),
    st.fixed_dictionaries({"env": st.dictionaries(NAMES, TEXTS, max_size=2)}),
)


@settings(deadline=None, max_examples=400)
@given(OPTIONS)
@example({"directory": "infra/ansible", "inventory": ["../../hosts"], "requirements": ["r.txt", "roles/r.yml"]})
@example({"vault": {"secret": "a", "id": "prod.1-x"}, "secrets": {"a": {"secret": "b", "key": "é {"}}})
@example({"env": {"A": "two\nlines"}, "requirements": []})
def test_the_runner_accepts_every_option_that_routes_may_have(options: dict[str, Any]) -> None:
    route = {"name": "site", "repository": "acme/infra", "on": "push", "targets": "all", "playbook": "site.yml"}
    file = {"accounts": {"dev": "222222222222"}, "regions": ["eu-west-1"], "routes": [route | options]}
    routes, _ = check_routes(file)
    if routes is None:
        return
    sent = routes.routes[0].run_options()
    read = read_options(sent.text() if sent else "")
    assert read.errors == ()
    given_values = sent.to_dict() if sent else {}
    for name in Options.__dataclass_fields__.keys() - {"errors", "vault", "secrets"}:
        if name in given_values:
            value = asdict(read)[name]
            assert (list(value) if isinstance(value, tuple) else value) == given_values[name]
    assert [each.secret for each in read.vault] == [each["secret"] for each in given_values.get("vault", [])]
    assert read.secrets.keys() == given_values.get("secrets", {}).keys()
