"""Buildspecs, read as CodeBuild reads them."""

import pytest

from localcloud.codebuild.buildspec import BuildspecError, OnPhaseFailure, PhaseCommands, parse
from localcloud.codebuild.model import PhaseType

FULL = """
version: 0.2
run-as: root
env:
  shell: bash
  variables: {REGION: eu-west-1, COUNT: 3, STRICT: true}
  parameter-store: {TOKEN: /pointsman/token}
  secrets-manager: {KEY: "pointsman:key"}
  exported-variables: [RESULT]
phases:
  install:
    runtime-versions: {python: 3.13}
    commands: [pip --version]
  pre_build:
    on-failure: CONTINUE
    commands: [prepare]
  build:
    commands:
      - |
        first line
        second line
      - second
    finally: [tidy]
  post_build: {commands: [report]}
artifacts: {files: ["**/*"]}
"""


def test_every_section_is_read() -> None:
    spec = parse(FULL)

    assert spec.shell == "bash"
    assert spec.variables == {"REGION": "eu-west-1", "COUNT": "3", "STRICT": "true"}
    assert spec.parameter_store == {"TOKEN": "/pointsman/token"}
    assert spec.secrets_manager == {"KEY": "pointsman:key"}
    assert spec.exported_variables == ("RESULT",)
    assert spec.phases[PhaseType.INSTALL] == PhaseCommands(("pip --version",))
    assert spec.phases[PhaseType.PRE_BUILD] == PhaseCommands(("prepare",), on_failure=OnPhaseFailure.CONTINUE)
    assert spec.phases[PhaseType.BUILD] == PhaseCommands(("first line\nsecond line\n", "second"), ("tidy",))
    assert spec.phases[PhaseType.POST_BUILD] == PhaseCommands(("report",))


def test_sh_is_the_shell_of_a_buildspec_that_names_none() -> None:
    assert parse("version: 0.2").shell == "/bin/sh"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("version: 0.1", "version 0.1 is not supported"),
        ("phases: {}", "version None is not supported"),
        ("- a list", "must be a mapping"),
        ("version: 0.2\nphases: [", "YAML file is not valid"),
        ("version: 0.2\nphase: {}", "the buildspec has unknown keys: phase"),
        ("version: 0.2\nphases: {deploy: {}}", "phases has unknown keys: deploy"),
        ("version: 0.2\nphases: {build: {command: [x]}}", "phases.build has unknown keys: command"),
        ("version: 0.2\nphases: {build: {commands: make}}", "phases.build.commands must be a list"),
        ("version: 0.2\nphases: {build: {commands: [{a: b}]}}", "must be text, not dict"),
        ("version: 0.2\nphases: {build: {on-failure: RETRY, commands: [x]}}", "supports ABORT and CONTINUE"),
        ("version: 0.2\nenv: {shell: fish}", "env.shell is 'fish'"),
        ("version: 0.2\nenv: {variables: [A]}", "env.variables must be a mapping"),
    ],
)
def test_what_cannot_be_used_is_named(text: str, complaint: str) -> None:
    with pytest.raises(BuildspecError, match=complaint.replace("(", r"\(")):
        parse(text)
