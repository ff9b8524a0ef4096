"""Judging a claim again as its trials grow, with intervals that stay honest.

Whoever grows trials until a 95% interval pleases is wrong more often than in 5 of 100 cases. So the error is spent over
the looks (Lan & DeMets 1983, Discrete sequential boundaries for clinical trials): the k-th look has 1/(k(k + 1)) of it,
which over all looks, however many, adds up to the whole. By the union bound all intervals of a claim's number then hold
at once with the confidence that was asked for, whatever kind they are.
"""

import json
from pathlib import Path

from experiments.paper.verdict import LEVEL

LOOKS_FILE = "looks.json"


def level_of_look(look: int, level: float = LEVEL) -> float:
    """Confidence of the intervals at a look, counted from 1, so that those of all looks together have `level`.

    Example:
      >>> from experiments.paper.looks import level_of_look
      >>> [round(level_of_look(look), 4) for look in (1, 2, 3)]
      [0.975, 0.9917, 0.9958]
    """
    return 1 - (1 - level) / (look * (look + 1))


def look(directory: Path, number: int, n_trials: int) -> float:
    """Confidence of the intervals for looking at a claim now; the look is noted in the work directory.

    Args:
      directory: work directory whose trials grow.
      number: of the claim.
      n_trials: that there are; to look at the same trials again is the same look.
    """
    looks = _looks(directory)
    seen = looks.setdefault(str(number), [])
    if n_trials not in seen:
        seen.append(n_trials)
        (directory / LOOKS_FILE).write_text(json.dumps(looks, indent=2) + "\n")
    return level_of_look(len(seen))


def levels(directory: Path) -> dict[int, float]:
    """Confidence of the intervals at the last look, by the number of each claim whose trials grew until here."""
    return {int(number): level_of_look(len(seen)) for number, seen in _looks(directory).items()}


def _looks(directory):
    file = directory / LOOKS_FILE
    return json.loads(file.read_text()) if file.exists() else {}
