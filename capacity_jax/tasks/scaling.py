"""The learning rate and the number of labels that store most, by the length of a run and the size of a network.

Fitted by `python -m experiments.scaling` to trials of the paper's six cells, for each update rule by itself, the rate
falling exponentially to 3%. They are means over the cells: a cell of one's own stands on either side of them.
"""

import math
from typing import NamedTuple

# At so many steps and parameters the levels are given.
STEPS, PARAMETERS = 100_000, 1_000
# Powers of the depth by which rates and labels change: the first found by hand, the second from networks of one, two
# and four layers (`experiments/results/training.md`).
RATE_BY_DEPTH, LABELS_BY_DEPTH = -0.5, -0.14
# Steps are mostly noise, by which weights make a random walk; under decoupled decay the walk settles at a variance of
# rate / (2 decay). This is the variance at which runs of ten times the longest still gain. Short runs do not walk so
# far, and decay costs them.
VARIANCE, UNDECAYED = 2.5, 100_000


class Scaling(NamedTuple):
    """What stores most by one update rule, as far as it was fitted.

    Attributes:
      rate: the learning rate at `STEPS` and `PARAMETERS`, of one layer.
      rate_by_steps: the power of the ratio to `STEPS` by which the rate changes.
      rate_by_size: the power of the ratio to `PARAMETERS` by which the rate changes.
      labels: the labels per parameter at `STEPS` and `PARAMETERS`.
      labels_by_steps: the power of the ratio to `STEPS` by which labels change.
      labels_by_size: the power of the ratio to `PARAMETERS` by which labels change.
      steps: the shortest and the longest run fitted.
      sizes: the smallest and the largest network fitted.
    """

    rate: float
    rate_by_steps: float
    rate_by_size: float
    labels: float
    labels_by_steps: float
    labels_by_size: float
    steps: tuple[int, int]
    sizes: tuple[int, int]

    def best_rate(self, n_params: int, train_steps: float, depth: int = 1) -> float:
        """The learning rate that stores most.

        Beyond what was fitted it is that at the nearest end, but goes on to fall with the size: a large network stands
        a large rate no better than a middling one.
        """
        steps, size = self._e_folds(n_params, train_steps)
        return self.rate * depth**RATE_BY_DEPTH * math.exp(self.rate_by_steps * steps + self.rate_by_size * size)

    def best_labels(self, n_params: int, train_steps: float, depth: int = 1) -> float:
        """The labels per parameter of which most is stored: fewer leave room, more are too many to be learned.

        Beyond what was fitted they are those at the nearest end.
        """
        steps, size = self._e_folds(min(n_params, self.sizes[1]), train_steps)
        at_size = math.exp(self.labels_by_steps * steps + self.labels_by_size * size)
        return self.labels * depth**LABELS_BY_DEPTH * at_size

    def _e_folds(self, n_params, train_steps):
        shortest, longest = self.steps
        steps = min(max(train_steps, shortest), longest)
        return math.log(steps / STEPS), math.log(max(n_params, self.sizes[0]) / PARAMETERS)


# Of Adam on batches of 128, and of SOAP on 256.
SCALINGS = {
    "adam": Scaling(
        rate=0.01002,
        rate_by_steps=-0.1568,
        rate_by_size=-0.3965,
        labels=3.485,
        labels_by_steps=0.0578,
        labels_by_size=0.1825,
        steps=(15_000, 400_000),
        sizes=(300, 4_500),
    ),
    "soap": Scaling(
        rate=0.01081,
        rate_by_steps=-0.1474,
        rate_by_size=-0.3299,
        labels=3.619,
        labels_by_steps=0.0600,
        labels_by_size=0.1980,
        steps=(10_000, 1_200_000),
        sizes=(300, 4_500),
    ),
}


def best_decay(rate: float, train_steps: float) -> float:
    """The decoupled weight decay beside a rate: none but in runs of more than `UNDECAYED` steps."""
    return rate / (2 * VARIANCE) if train_steps > UNDECAYED else 0.0
