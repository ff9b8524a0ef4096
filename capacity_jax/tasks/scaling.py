"""The learning rate and the number of labels that store most, by the length of a run and the size of a network.

Fitted by `python -m experiments.scaling` to 236 random trials of the paper's six cells, of 300 to 4,500 parameters and
15,000 to 400,000 steps of Adam on batches of 128, the rate falling exponentially to 3%. They are means over the cells:
a cell of one's own stands on either side of them.
"""

import math

STEPS, PARAMETERS = 100_000, 1_000
# At so many steps and parameters, and the powers of the ratio to either.
RATE, RATE_BY_STEPS, RATE_BY_SIZE = 0.00947, -0.1475, -0.3895
LABELS, LABELS_BY_STEPS, LABELS_BY_SIZE = 3.351, 0.0503, 0.1665
# What was fitted: beyond it what is best at the nearest end is taken. Only rates go on to fall with the size, for a
# large network stands a large rate no better than a middling one.
SHORTEST, LONGEST, SMALLEST, LARGEST = 15_000, 400_000, 300, 4_500
# Steps of Adam are mostly noise, by which weights make a random walk; under decoupled decay the walk settles at a
# variance of rate / (2 decay). This is the variance at which runs of ten times the longest still gain. Short runs do
# not walk so far, and decay costs them.
VARIANCE, UNDECAYED = 2.5, 100_000


def best_rate(n_params: int, train_steps: float) -> float:
    """The learning rate that stores most."""
    steps, size = _e_folds(n_params, train_steps)
    return RATE * math.exp(RATE_BY_STEPS * steps + RATE_BY_SIZE * size)


def best_labels(n_params: int, train_steps: float) -> float:
    """The labels per parameter of which most is stored: fewer leave room, more are too many to be learned."""
    steps, size = _e_folds(min(n_params, LARGEST), train_steps)
    return LABELS * math.exp(LABELS_BY_STEPS * steps + LABELS_BY_SIZE * size)


def best_decay(rate: float, train_steps: float) -> float:
    """The decoupled weight decay beside a rate: none but in runs of more than `UNDECAYED` steps."""
    return rate / (2 * VARIANCE) if train_steps > UNDECAYED else 0.0


def _e_folds(n_params, train_steps):
    steps = min(max(train_steps, SHORTEST), LONGEST)
    return math.log(steps / STEPS), math.log(max(n_params, SMALLEST) / PARAMETERS)
