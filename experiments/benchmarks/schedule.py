"""The schedule of the kernel for narrow members, as a TPU's compiler writes it: a bundle of instructions a cycle."""

import os
import re
from collections import Counter
from math import prod
from pathlib import Path

from capacity_jax.training.tpu_kernel import AT_ONCE, LANES, SUBLANES

# Its place, and a mark for each loop that it lies in.
BUNDLE = re.compile(r"^ *(?:0|0x[0-9a-f]+) +(?:[A-Z]{2})? *: (>*)", re.MULTILINE)
# Of a kernel that is called within a training step: `jax.named_scope` around it names the call.
FILES = "*-train_step*-final_bundles.txt"


def write_schedules(folder: Path) -> None:
    """Lets the compiler write the schedules of all that it compiles; before it is loaded."""
    asked = {"dump_to": folder, "dump_llo_text": "true", "dump_llo_pass_label_regex": "^final_bundles$"}
    flags = [f"--xla_jf_{name}={value}" for name, value in asked.items()]
    os.environ["LIBTPU_INIT_ARGS"] = " ".join([os.environ.get("LIBTPU_INIT_ARGS", ""), *flags]).strip()


def forget_schedules(folder: Path) -> None:
    """Empties the folder; before each program is compiled, for a schedule does not say of which program it is."""
    for path in folder.iterdir():
        path.unlink()


def kernel_cycles(folder: Path, members: int, batch: int) -> int:
    """Cycles of a launch, `AT_ONCE` training steps of so many members, if nothing waits for the main memory.

    Args:
      folder: holds the schedules of one program.
      members: in tiles of `LANES`.
      batch: examples of a training step, in blocks of `SUBLANES`.

    Raises:
      ValueError: there is not one schedule of a kernel, or it has not its three loops, over tiles, steps and blocks.
    """
    texts = [path.read_text() for path in folder.glob(FILES)]
    if len(texts) != 1:
        raise ValueError(f"the compiler wrote {len(texts)} schedules of a kernel; one was expected")
    bundles = Counter(len(marks) for marks in BUNDLE.findall(texts[0]))
    if set(bundles) != {0, 1, 2, 3}:
        raise ValueError(f"the kernel's loops are nested {max(bundles, default=0)} deep; 3 were expected")
    trips = (1, -(-members // LANES), AT_ONCE, -(-batch // SUBLANES))
    return sum(count * prod(trips[: depth + 1]) for depth, count in bundles.items())
