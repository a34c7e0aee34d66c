"""The result of `sam build`, unpacked as Lambda does: the function at /var/task, its layers at /opt."""

import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Function:
    """One function of the template: `variables` is its environment with intrinsic functions unresolved."""

    handler: str
    folder: str
    layers: tuple[str, ...]
    variables: Mapping[str, Any]
    memory: int


class Artifacts:
    """The build in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def template(self) -> dict[str, Any]:
        """The template as built: intrinsic functions stand in their long form."""
        parsed: dict[str, Any] = yaml.safe_load((self._folder / "template.yaml").read_text())
        return parsed

    def function(self, logical_id: str) -> Function:
        """One function, with what the template says of all functions."""
        shared = self.template["Globals"]["Function"]
        own = self.template["Resources"][logical_id]["Properties"]
        return Function(
            handler=own["Handler"],
            folder=own["CodeUri"],
            layers=tuple(self._layers([*shared.get("Layers", []), *own.get("Layers", [])])),
            variables=_variables(shared) | _variables(own),
            memory=own.get("MemorySize", shared.get("MemorySize", 128)),
        )

    def _layers(self, listed: Iterable[Any]) -> Iterator[str]:
        """The logical ids of the layers that a function gets with the parameters' defaults."""
        for layer in listed:
            match layer:
                case {"Fn::If": [condition, then, otherwise]}:
                    yield from self._layers([then if self._holds({"Condition": condition}) else otherwise])
                case {"Ref": name} if name != "AWS::NoValue":
                    yield name

    def _holds(self, condition: Any) -> bool:
        match condition:
            case {"Condition": name}:
                return self._holds(self.template["Conditions"][name])
            case {"Fn::Not": [negated]}:
                return not self._holds(negated)
            case {"Fn::Equals": [{"Ref": parameter}, value]}:
                return bool(self.template["Parameters"][parameter]["Default"] == value)
        raise ValueError(f"the condition {condition} is not supported by the benchmark")

    def keys(self) -> dict[str, tuple[str, ...]]:
        """The key attributes of each table, by its logical id."""
        resources = self.template["Resources"].items()
        return {
            name: tuple(key["AttributeName"] for key in resource["Properties"]["KeySchema"])
            for name, resource in resources
            if resource["Type"] == "AWS::DynamoDB::Table"
        }

    def layer(self, logical_id: str) -> Path:
        """A layer's folder."""
        return self._folder / str(self.template["Resources"][logical_id]["Properties"]["ContentUri"])

    def unpack(self, function: Function, root: Path, replaced: Mapping[str, Path]) -> None:
        """Put a function and its layers below `root`. `replaced` gives other folders for some layers."""
        shutil.copytree(self._folder / function.folder, root / "var/task")
        for layer in function.layers:
            shutil.copytree(replaced.get(layer, self.layer(layer)), root / "opt", dirs_exist_ok=True)

    def zipped(self, function: Function, scratch: Path) -> int:
        """Bytes of a function and its layers as zip files."""
        folders = [self._folder / function.folder, *map(self.layer, function.layers)]
        return sum(_zipped(folder, scratch / f"{number}.zip") for number, folder in enumerate(folders))


_SUBSTITUTED = re.compile(r"\$\{([\w:]+)\}")


def resolved(value: Any, references: Mapping[str, str]) -> str:
    """The text of a variable. Raises KeyError for a reference that nobody knows."""
    match value:
        case {"Ref": name}:
            return references[name]
        case {"Fn::Sub": str(text)}:
            return _SUBSTITUTED.sub(lambda found: references[found[1]], text)
        case dict():
            raise ValueError(f"{value} is not supported by the benchmark")
        case _:
            return str(value)


def _variables(properties: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = properties.get("Environment", {}).get("Variables", {})
    return found


def _zipped(folder: Path, at: Path) -> int:
    with zipfile.ZipFile(at, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return at.stat().st_size
