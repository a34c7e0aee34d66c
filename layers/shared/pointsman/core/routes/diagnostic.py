"""An error or a warning about routes.yaml, with its location."""

from dataclasses import dataclass

type Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """An error or a warning at a location such as ("routes", 0, "playbook")."""

    location: Location
    reason: str
    of_key: bool = False  # about the key itself, not about its value

    @property
    def where(self) -> str:
        """The location as text: `routes[0].playbook`."""
        return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.location).removeprefix(".")

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}" if self.location else self.reason
