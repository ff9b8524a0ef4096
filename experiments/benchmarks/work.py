"""What every contender of the population benchmark does, and what it tells of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import jax

from capacity_jax.cells import CELLS
from capacity_jax.cells.base import Params
from capacity_jax.networks import Network
from capacity_jax.tasks import per_cap
from capacity_jax.tasks.base import Batch
from capacity_jax.training import Bucket

# Labels of each member; a step trains on a window of them at a random place.
N_LABELS = 8192
# Small enough that no cell diverges, however long it is timed.
LEARNING_RATE = 1e-4
# Gates whose products count at each step. The intersection network has four: the two of y are needed at the last
# step alone, where the two of h are not.
NEEDED_GATES = {"rnn": 1, "irnn": 1, "ugrnn": 2, "gru": 3, "lstm": 4, "intersection": 2}


@dataclass(frozen=True)
class Work:
    """A training step: forward, backward and Adam for one model on one batch of the memorization task.

    The model is one layer of the cell with a learned initial state and a readout. It has as many inputs as units,
    hears the input at the first of 5 steps and zeros after, and pays the sigmoid cross-entropy at the last.

    Attributes:
      cell: the cell's name.
      units: its width.
      batch: examples per step.
    """

    cell: str
    units: int
    batch: int

    @cached_property
    def bucket(self) -> Bucket:
        """The work in capacity_jax's words."""
        network = Network(CELLS[self.cell], self.units, self.units, 1)
        return Bucket(network, per_cap(n_in=self.units, b_max=N_LABELS), self.batch)

    @cached_property
    def start(self) -> tuple[Params, Batch]:
        """Weights, and all examples and the first ones again, with which every peer begins."""
        network, task = self.bucket.network, self.bucket.task
        weights_key, data_key = jax.random.split(jax.random.key(0))

        def drawn():
            data = task.draw(data_key, {"b": N_LABELS}, self.batch)
            return network.init(weights_key), task.evaluation((), data, 0, N_LABELS + self.batch)

        return jax.jit(drawn)()

    @property
    def flops(self) -> int:
        """Useful floating-point operations of a step, two for each multiply-add of a matrix product.

        Per example, with n units and inputs, G gates that are needed and T steps, the forward products are

        - G·n² for W_x, at the first step alone: zeros come after;
        - (T−1)·G·n² for W_h: the first step's, from a state that is the same for the whole batch, is made once. Not so
          in the GRU's candidate, whose state each example resets by a gate of its own: n² more;
        - n for the readout, and n² for the projection of the intersection network.

        Backward each costs the same again for its weights, and again for what it multiplied unless that is data.
        Elementwise work, the optimizer and what is made once per batch are left out.
        """
        n, steps, gates = self.units, self.bucket.task.n_steps, NEEDED_GATES[self.cell]
        of_x = gates * n * n
        of_state = (steps - 1) * of_x + (n * n if self.cell == "gru" else 0) + n
        square = self.bucket.network.cell.square
        multiply_adds = 3 * (of_state + of_x) + 2 * n * n if square else 3 * of_state + 2 * of_x
        return 2 * self.batch * multiply_adds


class Contender(NamedTuple):
    """One way to do the work, ready to be timed.

    Attributes:
      name: its name in the table.
      members: models that train together; 1 means one after another.
      n_params: trained values of one model.
      run: makes so many steps of every member, waits for them and returns a member's last loss.
      compile_seconds: until the program was compiled.
      peak_bytes: tells, or measures, the memory held while it trains, all members together.
    """

    name: str
    members: int
    n_params: int
    run: Callable[[int], float]
    compile_seconds: float
    peak_bytes: Callable[[], int]
