"""How the learning rate follows the length of a run."""

# Up to so many steps the rates found in short runs serve.
SHORT_RUN_STEPS = 100_000


def rate_for_length(rate: float, train_steps: int) -> float:
    """The learning rate for a run of so many steps, from one that is good in short runs.

    A step of Adam has nearly the same length however small the gradient, and most of it is the noise of the batch. So
    weights make a random walk, whose square grows as rate²·steps: with a rate that does not fall, longer runs end with
    weights so large that the network is chaotic, and store less than short ones. Past `SHORT_RUN_STEPS` the rate falls
    with the cube root of the steps, between what holds that square (the square root) and what learns most.

    Example:
      >>> from capacity_jax.search import rate_for_length
      >>> rate_for_length(0.008, 50_000), rate_for_length(0.008, 800_000)
      (0.008, 0.004)
    """
    return rate * max(1.0, train_steps / SHORT_RUN_STEPS) ** (-1 / 3)
