"""What start_build needs to know of where it runs."""

from pointsman.config import Settings
from pointsman.core.github_host import GITHUB_COM, GithubHost


class StartBuildSettings(Settings, frozen=True):
    """Environment of start_build."""

    rollouts_table: str
    audit_table: str
    changes_dead_letters_url: str
    account_id: str  # of this function: the control account
    start_role_name: str  # the worker accounts' role is named <start_role_name>-<region>
    project_name: str  # of the CodeBuild project that applies
    check_project_name: str  # of the CodeBuild project that checks
    external_id: str
    github_url: GithubHost = GITHUB_COM  # from which builds clone
    expire_after_days: int = 0  # of events; 0: never
