"""Reads what XLA compiled a program to: the instructions of its training step and what they cost."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import NamedTuple

BYTES = {"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "f16": 2, "s16": 2, "u16": 2, "s32": 4, "u32": 4, "f32": 4, "f64": 8}
COLLECTIVES = ("all-reduce", "all-gather", "all-to-all", "collective-permute", "reduce-scatter")
# Instructions that rename, bundle or branch: no work of their own, and no kernel on a GPU.
FREE = {"parameter", "constant", "tuple", "get-tuple-element", "bitcast", "after-all", "opt-barrier", "partition-id"}
PARTIAL_READS = {"dynamic-slice", "slice", "gather"}
# `jax.named_scope` around the step in `capacity_jax.training.member`.
STEP = "/train_step/"

INSTRUCTION = re.compile(r"^  (?:ROOT )?%?([\w.\-]+) = (.*)$")
ARRAY = re.compile(r"\b([a-z]+\d*)\[([\d,]*)\](?:\{([^}]*)\})?")


class Loop(NamedTuple):
    """A loop within a training step.

    Attributes:
      trips: how often its body runs; None where the text does not say.
      cycles: of all its trips, by the compiler's estimate.
      source: the operation it was made from.
    """

    trips: int | None
    cycles: int
    source: str


class Step(NamedTuple):
    """One training step of all members of a device.

    Attributes:
      cycles: the compiler's estimate; 0 where it gives none.
      hbm_bytes: read from and written to the main memory by its instructions, tiles unpadded.
      kernels: launches, those of nested loops and branches included.
      loops: nested ones.
    """

    cycles: int
    hbm_bytes: int
    kernels: int
    loops: tuple[Loop, ...]


@dataclass(frozen=True)
class Instruction:
    """One line: `name = type opcode(operands), attributes`."""

    name: str
    type: str
    opcode: str
    operands: tuple[str, ...]
    attributes: str

    @property
    def cycles(self) -> int:
        """The compiler's estimate; 0 where it gives none."""
        found = re.search(r'"estimated_cycles":"(\d+)"', self.attributes)
        return int(found[1]) if found else 0

    @property
    def source(self) -> str:
        """The JAX operation it was made from."""
        found = re.search(r'op_name="([^"]*)"', self.attributes)
        return found[1] if found else ""

    @property
    def called(self) -> list[str]:
        """Computations it names, a loop's body among them but not its condition."""
        names = re.findall(r"(?:body|calls|to_apply|\w+_computation)=%?([\w.\-]+)", self.attributes)
        branches = re.search(r"branch_computations=\{([^}]*)\}", self.attributes)
        return names + ([name.strip().lstrip("%") for name in branches[1].split(",")] if branches else [])

    @property
    def bytes(self) -> int:
        """Size of its result, wherever that is."""
        return sum(size for size, _ in self._arrays())

    @property
    def hbm_bytes(self) -> int:
        """Size of its result in main memory."""
        return sum(size for size, on_chip in self._arrays() if not on_chip)

    @property
    def copied_bytes(self) -> int:
        """What an operation that is started here and done later moves: the second of (operand, result, ...)."""
        return [size for size, _ in self._arrays()][1]

    def _arrays(self) -> Iterator[tuple[int, bool]]:
        for kind, sizes, layout in ARRAY.findall(self.type):
            # S(1) and up are memories on the chip.
            yield BYTES.get(kind, 4) * prod(map(int, filter(None, sizes.split(",")))), "S(" in layout


class Program:
    """The text of a compiled program, `Compiled.as_text()`, taken apart.

    Example:
      >>> import jax
      >>> from experiments.benchmarks.hlo import Program
      >>> Program(jax.jit(lambda x: x + 1).lower(1.0).compile().as_text()).collectives
      0
    """

    def __init__(self, text: str):
        self.computations: dict[str, dict[str, Instruction]] = {}
        current: dict[str, Instruction] = {}
        for line in text.splitlines():
            if line.endswith("{") and not line.startswith(" "):
                name = line.removeprefix("ENTRY ").split()[0].lstrip("%")
                current = self.computations[name] = {}
            elif found := INSTRUCTION.match(line):
                current[found[1]] = _instruction(*found.groups())

    @property
    def collectives(self) -> int:
        """How many operations of the whole program let devices talk to each other."""
        instructions = (one for computation in self.computations.values() for one in computation.values())
        return sum(one.opcode.removesuffix("-start") in COLLECTIVES for one in instructions)

    @cached_property
    def step(self) -> Step:
        """The body of the training loop.

        Raises:
          ValueError: the program has no training loop.
        """
        return self._cost(self._training_body())

    def _training_body(self) -> str:
        for loop in (one for c in self.computations.values() for one in c.values() if one.opcode == "while"):
            # Loops of the step itself were made within its scope.
            body = loop.called[0]
            if STEP not in loop.source and any(STEP in one.source for one in self.computations[body].values()):
                return body
        raise ValueError("the program has no training loop")

    def _cost(self, name: str) -> Step:
        cycles = hbm_bytes = kernels = 0
        loops: list[Loop] = []
        for one in self.computations[name].values():
            if one.opcode in FREE or one.opcode.endswith(("-done", "-update")):
                continue
            if one.opcode == "while":
                inner, trips = self._cost(one.called[0]), self._trips(one)
                n = trips or 1
                loops += [Loop(trips, n * inner.cycles, one.source), *inner.loops]
                cycles, hbm_bytes = cycles + n * inner.cycles, hbm_bytes + n * inner.hbm_bytes
                kernels += n * inner.kernels
            elif one.opcode in ("conditional", "call"):
                branches = [self._cost(branch) for branch in one.called]
                loops += [loop for branch in branches for loop in branch.loops]
                cycles += max(branch.cycles for branch in branches)
                hbm_bytes += max(branch.hbm_bytes for branch in branches)
                kernels += max(branch.kernels for branch in branches)
            else:
                cycles, kernels = cycles + one.cycles, kernels + 1
                starts = one.opcode.endswith("-start")
                hbm_bytes += one.copied_bytes if starts else one.hbm_bytes + sum(self._read(name, one))
        return Step(cycles, hbm_bytes, kernels, tuple(loops))

    def _read(self, computation: str, one: Instruction) -> Iterator[int]:
        """Bytes that an instruction reads of each operand: of one that a fusion only slices, the slices alone."""
        inside = self.computations[one.called[0]].values() if one.opcode == "fusion" else ()
        parameters = {int(p.operands[0]): p.name for p in inside if p.opcode == "parameter"}
        for place, operand in enumerate(one.operands):
            source = self.computations[computation].get(operand)
            if source is None:
                continue
            uses = [use for use in inside if parameters.get(place) in use.operands]
            if one.opcode in PARTIAL_READS:
                yield min(source.hbm_bytes, one.bytes)
            elif uses and all(use.opcode in PARTIAL_READS for use in uses):
                yield min(source.hbm_bytes, sum(use.bytes for use in uses))
            else:
                yield source.hbm_bytes

    def _trips(self, loop: Instruction) -> int | None:
        known = re.search(r'known_trip_count":\{"n":"(\d+)"', loop.attributes)
        if known:
            return int(known[1])
        condition = re.search(r"condition=%?([\w.\-]+)", loop.attributes)
        inside = self.computations[condition[1]].values() if condition else ()
        counts = [one for one in inside if one.opcode == "constant" and one.type.startswith("s32[]")]
        return int(counts[0].operands[0]) if len(counts) == 1 else None


def _instruction(name: str, text: str) -> Instruction:
    end = _closing(text) if text.startswith("(") else text.index(" ")
    kind, rest = text[: end + 1].strip(), text[end + 1 :].strip()
    opening = rest.index("(")
    closing = opening + _closing(rest[opening:])
    operands = [part.split()[-1].lstrip("%") for part in _split(rest[opening + 1 : closing])]
    return Instruction(name, kind, rest[:opening], tuple(operands), rest[closing + 1 :])


def _closing(text: str) -> int:
    """The place of the parenthesis that closes the first one."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if not depth:
            return place
    return len(text)


def _split(text: str) -> list[str]:
    """Operands: separated by commas outside brackets of any kind."""
    text = re.sub(r"/\*.*?\*/", "", text)
    parts, depth, begin = [], 0, 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and not depth:
            parts.append(text[begin:place])
            begin = place + 1
    return [part for part in [*parts, text[begin:]] if part.strip()]
