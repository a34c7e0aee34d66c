"""AWS profiles of a local cloud's accounts, for any tool or SDK of AWS."""

from pathlib import Path

from localcloud.cloud import LocalCloud

ACCOUNTS = {"control": "111111111111", "dev": "222222222222", "prod": "333333333333"}


def write_profiles(path: Path, cloud: LocalCloud) -> Path:
    """Write a configuration file with a profile for each account; its path."""
    path.write_text(
        "".join(
            f"[profile {name}]\naws_access_key_id = {account}\n"
            f"aws_secret_access_key = {cloud.record.secret_access_key}\nendpoint_url = {cloud.endpoint}\n\n"
            for name, account in ACCOUNTS.items()
        )
    )
    return path
