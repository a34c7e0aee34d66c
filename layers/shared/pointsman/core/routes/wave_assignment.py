"""Which target is in which wave: in the first one that selects it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pointsman.core.model import Target, TargetName
from pointsman.core.routes.selectors import TargetSelector

type SelectorPlace = tuple[int, int]  # index of a wave, and of a selector in it


@dataclass(frozen=True)
class WaveAssignment:
    """The targets of a route, in the order of the file, and what each selector of each wave selects of them."""

    targets: tuple[TargetName, ...]
    selected: tuple[tuple[frozenset[TargetName], ...], ...]

    @cached_property
    def wave_of(self) -> dict[TargetName, int]:
        """The index of each target's wave. Targets without one are left out."""
        numbers: dict[TargetName, int] = {}
        for number, selectors in enumerate(self.selected):
            for name in frozenset[TargetName]().union(*selectors):
                numbers.setdefault(name, number)
        return numbers

    @property
    def without_wave(self) -> tuple[TargetName, ...]:
        """The targets that no wave selects."""
        return tuple(name for name in self.targets if name not in self.wave_of)

    @cached_property
    def empty_waves(self) -> frozenset[int]:
        """The waves that get no target."""
        return frozenset(range(len(self.selected))).difference(self.wave_of.values())

    def matching_nothing(self) -> Iterator[SelectorPlace]:
        """Selectors that select no target of the route."""
        return (place for place, names in self._selectors() if not names)

    def too_late(self) -> Iterator[SelectorPlace]:
        """Selectors that select only targets of earlier waves."""
        return (place for place, names in self._selectors() if names and not self._own(place[0], names))

    def repeating(self) -> Iterator[SelectorPlace]:
        """Selectors whose targets other selectors of the same wave select, too."""
        for wave, selectors in enumerate(self.selected):
            needed = dict(enumerate(self._own(wave, names) for names in selectors))
            for index, names in list(needed.items()):
                others = frozenset[TargetName]().union(*(each for at, each in needed.items() if at != index))
                if names and names <= others:
                    del needed[index]
                    yield wave, index

    def _selectors(self) -> Iterator[tuple[SelectorPlace, frozenset[TargetName]]]:
        for wave, selectors in enumerate(self.selected):
            for index, names in enumerate(selectors):
                yield (wave, index), names

    def _own(self, wave: int, names: frozenset[TargetName]) -> frozenset[TargetName]:
        """Those of the targets that are in this wave."""
        return frozenset(name for name in names if self.wave_of[name] == wave)


def assign_waves(targets: Sequence[tuple[Target, str]], waves: Sequence[Sequence[TargetSelector]]) -> WaveAssignment:
    """Assign the targets of a route, each with its environment, to waves with these selectors."""
    return WaveAssignment(
        tuple(target.name for target, _ in targets),
        tuple(
            tuple(
                frozenset(target.name for target, environment in targets if selector.matches(target, environment))
                for selector in wave
            )
            for wave in waves
        ),
    )
