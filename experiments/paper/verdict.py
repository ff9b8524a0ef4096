"""How a claim is judged: by intervals that lie inside, outside or across the region it names."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from capacity_jax.stats.intervals import Interval
from capacity_jax.results.formatting import in_words

HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "not enough trials"


class Part(NamedTuple):
    """One thing a claim says about a number: that it lies between two bounds.

    Attributes:
      name: what the number is.
      estimate: the number with its interval at a level; NaN bounds where the trials do not give them.
      low: the claim's lower bound.
      high: the claim's upper bound.
    """

    name: str
    estimate: Callable[[float], Interval]
    low: float
    high: float = np.inf


class Finding(NamedTuple):
    """What was measured of one part: its estimate with the 95% interval, and where the claim puts it.

    Example:
      >>> from capacity_jax.estimators import Interval
      >>> from capacity_jax.results import Finding
      >>> print(Finding("bits per parameter", Interval(4.1, 3.9, 4.3), low=3, high=6))
      bits per parameter: 4.10 [3.90, 4.30], claimed within 3 to 6
    """

    name: str
    interval: Interval
    low: float
    high: float

    @property
    def bounds(self) -> str:
        """Where the claim puts the number, in words."""
        if self.low == -np.inf:
            return f"below {self.high:g}"
        return f"above {self.low:g}" if self.high == np.inf else f"within {self.low:g} to {self.high:g}"

    def __str__(self) -> str:
        return f"{self.name}: {in_words(self.interval)}, claimed {self.bounds}"


class Claim(NamedTuple):
    """A claim of the paper and its verdict.

    Attributes:
      number: its place in the list of the paper's claims.
      statement: what the paper says.
      rule: how it was judged.
      verdict: "holds", "does not hold" or "not enough trials".
      findings: effect sizes and intervals.
      remark: what else was measured that bears on it.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import TRIAL_COLUMNS, judge_claims
      >>> print(str(judge_claims(pd.DataFrame(columns=TRIAL_COLUMNS))[2]).splitlines()[0])
      Claim 3: NOT ENOUGH TRIALS
    """

    number: int
    statement: str
    rule: str
    verdict: str
    findings: Sequence[Finding]
    remark: str = ""

    def __str__(self) -> str:
        lines = [f"Claim {self.number}: {self.verdict.upper()}", f"  {self.statement}", f"  Rule: {self.rule}"]
        lines += [f"  - {finding}" for finding in self.findings]
        return "\n".join(lines + [f"  {self.remark}"] * bool(self.remark))


def judge(parts: Sequence[Part]) -> tuple[str, list[Finding]]:
    """The verdict over all parts of a claim, and each part's 95% interval.

    A claim holds if the 95% interval of every part lies inside its bounds; since all must, no correction for their
    number is due. It does not hold if the interval of one lies outside at a level corrected for their number
    (Bonferroni: 1 − 0.05/n). Otherwise, and where a part could not be measured, there are not enough trials.
    """
    findings = [Finding(part.name, part.estimate(0.95), part.low, part.high) for part in parts]
    if findings and all(part.low <= part.interval.low and part.interval.high <= part.high for part in findings):
        return HOLDS, findings
    for part in parts:
        wide = part.estimate(1 - 0.05 / len(parts))
        if wide.high < part.low or wide.low > part.high:
            return FAILS, findings
    return UNDECIDED, findings
