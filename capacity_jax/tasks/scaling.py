"""The learning rate and the number of labels that store most, by the length of a run and the size of a network.

Fitted by `python -m experiments.scaling` to trials of the paper's six cells, for each update rule by itself, the rate
falling exponentially to 3%. They are means over the cells: a cell of one's own stands on either side of them.
"""

from typing import Any, NamedTuple

# At so many steps and parameters the levels are given.
STEPS, PARAMETERS = 100_000, 1_000
# Powers of the depth by which rates and labels change: the first found by hand, the second from networks of one, two
# and four layers (`experiments/results/training.md`).
RATE_BY_DEPTH, LABELS_BY_DEPTH = -0.5, -0.14
# Steps are mostly noise, by which weights make a random walk; under decoupled decay the walk settles at a variance of
# rate / (2 decay). This is the variance at which runs of ten times the longest still gain. Short runs do not walk so
# far, and decay costs them.
VARIANCE, UNDECAYED = 2.5, 100_000


# How suddenly one limit of what is stored takes over from the other.
SHARPNESS = 4


class Scaling(NamedTuple):
    """What stores most by one update rule, as far as it was fitted.

    Attributes:
      rate: the learning rate at `STEPS` and `PARAMETERS`, of one layer.
      rate_by_steps: the power of the ratio to `STEPS` by which the rate changes.
      rate_by_size: the power of the ratio to `PARAMETERS` by which the rate changes.
      labels: the labels per parameter that a network of `PARAMETERS` comes to hold, however long it trains.
      held_by_size: the power of the ratio to `PARAMETERS` by which these change.
      taught: the labels that `STEPS` steps can teach such a network, over those that it comes to hold.
      taught_by_steps: the power of the steps per parameter by which these change.
      steps: the shortest and the longest run fitted.
      sizes: the smallest and the largest network fitted.
    """

    rate: float
    rate_by_steps: float
    rate_by_size: float
    labels: float
    held_by_size: float
    taught: float
    taught_by_steps: float
    steps: tuple[int, int]
    sizes: tuple[int, int]

    def best_rate(self, n_params: int, train_steps: float, depth: int = 1) -> float:
        """The learning rate that stores most.

        Beyond what was fitted it is that at the nearest end, but goes on to fall with the size: a large network stands
        a large rate no better than a middling one.
        """
        steps, size = self._fitted(train_steps) / STEPS, max(n_params, self.sizes[0]) / PARAMETERS
        return self.rate * depth**RATE_BY_DEPTH * steps**self.rate_by_steps * size**self.rate_by_size

    def best_labels(self, n_params: int, train_steps: float, depth: int = 1) -> float:
        """The labels per parameter of which most is stored: fewer leave room, more are too many to be learned.

        Beyond what was fitted they are those at the nearest end, but go on to fall with the size where training is
        what limits them.
        """
        size = max(n_params, self.sizes[0])
        held = held_share(min(size, self.sizes[1]), self.held_by_size)
        taught = taught_share(size, self._fitted(train_steps), self.taught, self.taught_by_steps)
        return self.labels * depth**LABELS_BY_DEPTH * lesser(held, taught)

    def _fitted(self, train_steps):
        shortest, longest = self.steps
        return min(max(train_steps, shortest), longest)


def held_share(n_params: Any, by_size: float) -> Any:
    """The labels per parameter that a network comes to hold, over those of one of `PARAMETERS`."""
    return (n_params / PARAMETERS) ** by_size


def taught_share(n_params: Any, train_steps: Any, taught: float, by_steps: float) -> Any:
    """The labels per parameter that a run can teach a network, over those that one of `PARAMETERS` comes to hold.

    They follow the steps per parameter: so often is each label seen, where labels grow with the parameters.
    """
    return taught * (train_steps / n_params * PARAMETERS / STEPS) ** by_steps


def lesser(held: Any, taught: Any) -> Any:
    """The lesser of two limits, and less than that where they are near each other."""
    return (held**-SHARPNESS + taught**-SHARPNESS) ** (-1 / SHARPNESS)


# Of Adam on batches of 128, and of SOAP on 256.
SCALINGS = {
    "adam": Scaling(
        rate=0.01051,
        rate_by_steps=-0.1979,
        rate_by_size=-0.3207,
        labels=3.646,
        held_by_size=0.2859,
        taught=1.479,
        taught_by_steps=0.2082,
        steps=(15_000, 400_000),
        sizes=(300, 8_000),
    ),
    "soap": Scaling(
        rate=0.01084,
        rate_by_steps=-0.1926,
        rate_by_size=-0.2605,
        labels=3.982,
        held_by_size=0.3864,
        taught=1.338,
        taught_by_steps=0.1435,
        steps=(10_000, 1_200_000),
        sizes=(300, 8_000),
    ),
}


def best_decay(rate: float, train_steps: float) -> float:
    """The decoupled weight decay beside a rate: none but in runs of more than `UNDECAYED` steps."""
    return rate / (2 * VARIANCE) if train_steps > UNDECAYED else 0.0
