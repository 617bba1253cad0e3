"""A test case: what to do to the device, and how to judge the trace."""

from __future__ import annotations

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

from v2gready.model.observation import Observation
from v2gready.model.pics import Condition
from v2gready.model.trace import Trace

Bench = TypeVar("Bench")

_ID = re.compile(r"[A-Z]{2,4}-[A-Z0-9]{2,6}-[A-Z0-9]{2,8}-\d{2}")

REQUIRED, RECOMMENDED, INFORMATIVE = "required", "recommended", "informative"


class CaseError(ValueError):
    """A case is written wrongly: names the class and what is missing."""


@dataclass(frozen=True, slots=True)
class CaseInfo:
    """The metadata of a case, as the catalogue prints it.

    Attributes:
        id: ``<ROLE>-<AREA>-<TOPIC>-<nn>``; stable for ever, never reused.
        role: Role of the device under test.
        area: Protocol area, e.g. ``session``.
        title: One line.
        purpose: The docstring.
        requirements: Requirement ids.
        pics: Condition of applicability.
        weight: ``required``, ``recommended`` or ``informative`` for a label.
        faults: Named fault of the reference device -> requirement id that must go red.
        hooks: Hooks of the DUT file it needs.
        instruments: Instruments it needs.
        aliases: Official ids where they exist.
        parameters: Parameters of the grid code that it is about.
        neighbour: What the harness plays, e.g. ``ev``, ``grid``.
    """

    id: str
    role: str
    area: str
    title: str
    purpose: str
    requirements: tuple[str, ...]
    pics: str
    weight: str
    faults: Mapping[str, str]
    hooks: tuple[str, ...]
    instruments: tuple[str, ...]
    aliases: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    neighbour: str = "ev"


class TestCase(ABC, Generic[Bench]):
    """Base of every case. The metadata are class attributes; the docstring is the purpose.

    Attributes:
        id: Stable id, ``CHG-SES-SETUP-01``.
        title: One line.
        area: Area of the catalogue.
        requirements: Ids in the registry that the judge may refer to.
        pics: Condition over the PICS of the DUT file.
        weight: Weight for a label.
        faults: Fault of the reference device -> the requirement id whose observation must fail on it.
        hooks: Hooks of the DUT file that the stimulus uses; without them the case is not run.
        instruments: Instruments the judge needs samples of, e.g. ``dc_meter``; without them the case is not run.
        aliases: Official ids of the same test purpose.
        neighbour: What the harness plays towards the device, e.g. ``ev``, ``grid``; it decides which bench opens.
        parameters: Parameters of the grid code that the case is about; a code without them makes it not applicable.
        order: -1 before all others, 1 after all others, 0 for the rest.
    """

    __test__ = False  # pytest collects cases by our plugin, not by name

    role: ClassVar[str]
    id: ClassVar[str]
    title: ClassVar[str]
    area: ClassVar[str]
    requirements: ClassVar[tuple[str, ...]]
    pics: ClassVar[str] = ""
    weight: ClassVar[str] = REQUIRED
    faults: ClassVar[Mapping[str, str]]
    hooks: ClassVar[tuple[str, ...]] = ()
    instruments: ClassVar[tuple[str, ...]] = ()
    aliases: ClassVar[tuple[str, ...]] = ()
    neighbour: ClassVar[str]
    parameters: ClassVar[tuple[str, ...]] = ()
    order: ClassVar[int] = 0

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "id" in cls.__dict__:
            _check(cls)

    @abstractmethod
    async def stimulate(self, bench: Bench) -> None:
        """Drives the device. Judges nothing."""

    @abstractmethod
    def judge(self, trace: Trace) -> Iterable[Observation]:
        """Reads the trace, and nothing else."""

    @classmethod
    def info(cls) -> CaseInfo:
        """The metadata in one object."""
        return CaseInfo(
            id=cls.id,
            role=cls.role,
            neighbour=cls.neighbour,
            area=cls.area,
            title=cls.title,
            purpose=inspect.cleandoc(cls.__doc__ or ""),
            requirements=cls.requirements,
            pics=cls.pics,
            weight=cls.weight,
            faults=dict(cls.faults),
            hooks=cls.hooks,
            instruments=cls.instruments,
            aliases=cls.aliases,
            parameters=cls.parameters,
        )

    @classmethod
    def variants(cls) -> tuple[type[Self], ...]:
        """The cases that the class stands for: itself, or one for each role it is written for."""
        return (cls,) if "id" in cls.__dict__ else ()


class Invariant(ABC):
    """A rule that holds on every trace of a protocol, whatever the case.

    Attributes:
        id: Stable id, ``INV-CHG-SESSIONID``.
        role: Role of the device that is judged.
        neighbour: What the harness plays on the traces that it is about.
        title: One line; the docstring is the rule.
        requirements: Ids in the registry.
        faults: Fault of the reference device -> requirement that must go red.
        witness: Id of the case whose stimulus exercises the rule; the proof runs it with each fault.
    """

    id: ClassVar[str]
    role: ClassVar[str]
    neighbour: ClassVar[str]
    title: ClassVar[str]
    requirements: ClassVar[tuple[str, ...]]
    faults: ClassVar[Mapping[str, str]]
    witness: ClassVar[str]

    @classmethod
    def variants(cls) -> tuple[type[Self], ...]:
        """The rules that the class stands for: itself, or one for each role it is written for."""
        return (cls,) if "id" in cls.__dict__ else ()

    @abstractmethod
    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Yields nothing where the rule was not exercised."""


def _check(cls: type[TestCase[Any]]) -> None:
    name = f"case {cls.__module__}.{cls.__qualname__}"
    for attribute in ("role", "neighbour", "title", "area", "requirements", "faults"):
        if not getattr(cls, attribute, None):
            raise CaseError(f"{name} has no {attribute}")
    if not cls.__dict__.get("__doc__"):
        raise CaseError(f"{name} has no purpose: write the docstring")
    if not _ID.fullmatch(cls.id):
        raise CaseError(f"{name}: id {cls.id!r} is not <ROLE>-<AREA>-<TOPIC>-<nn>")
    if cls.weight not in {REQUIRED, RECOMMENDED, INFORMATIVE}:
        raise CaseError(f"{name}: unknown weight {cls.weight!r}")
    Condition(cls.pics)
    for fault, requirement in cls.faults.items():
        if requirement not in cls.requirements:
            raise CaseError(f"{name}: fault {fault} should turn {requirement} red, which the case does not check")
