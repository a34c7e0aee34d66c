"""The versions of the runner and of Ansible, as the runner's events tell them."""

from importlib.metadata import PackageNotFoundError, version

RUNNER_VERSION = "0.1.0"  # a contract test compares it with pyproject.toml


def ansible_version() -> str | None:
    """The installed ansible-core, or None."""
    try:
        return version("ansible-core")
    except PackageNotFoundError:
        return None
