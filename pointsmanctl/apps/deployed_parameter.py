"""Sets a parameter of the control stack in pointsman.toml, for the next deployment."""

from pathlib import Path

from pointsmanctl.deployment.settings import read_deploy_settings


def set_parameter(config: Path, name: str, value: str) -> bool:
    """Set a parameter, and return whether the file has it now; without a file, nothing is written."""
    import tomlkit

    if not config.exists():
        return False
    if read_deploy_settings(config).parameters.get(name) != value:
        document = tomlkit.parse(config.read_text(encoding="utf-8"))
        document.setdefault("parameters", tomlkit.table())[name] = value
        partial = config.with_name(f".{config.name}.partial")
        partial.write_text(tomlkit.dumps(document), encoding="utf-8")
        partial.replace(config)
    return True
