"""What a claim of the paper is, as data; and how it is judged on a table of trials.

Text and verdict both follow from a claim's quantities: what each is, over what, and between which bounds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from capacity_jax.results.formatting import in_words
from capacity_jax.stats import Interval
from experiments.paper.cells import PAPER_CELLS

# Confidence of the intervals.
LEVEL = 0.95
HOLDS, FAILS, UNDECIDED, NOT_RUN = "holds", "does not hold", "not enough trials", "not run"

# A number with its interval at a level such as 0.95; NaN where the trials do not give it.
Estimate = Callable[[float], Interval]


class Quantity(NamedTuple):
    """One kind of number that a claim puts between two bounds.

    Attributes:
      name: what findings call it, in a word or two; empty where its subjects say enough.
      what: what it is, for the rule.
      over: of what there is one each.
      estimates: the number by subject, such as a network, from what the claim has measured.
      low: the claim's lower bound.
      high: the claim's upper bound.
    """

    name: str
    what: str
    over: str
    estimates: Callable[[Any], Mapping[str, Estimate]]
    low: float = -np.inf
    high: float = np.inf

    @property
    def bounds(self) -> str:
        """Where the claim puts the number, in words."""
        if self.low == -np.inf:
            return f"below {self.high:g}"
        if self.high == np.inf:
            return f"above {self.low:g}"
        return f"within ±{self.high:g}" if self.low == -self.high else f"within {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Claim:
    """A claim of the paper.

    Attributes:
      number: its place in the list of claims.
      statement: what the paper says.
      select: the trials that it is about, out of a table of any.
      measure: from these to whatever the quantities and the remark are read from.
      quantities: what it says of them; all must lie within their bounds.
      remark: what else was measured that bears on it.
      cells: the cells that it is about; trials of others do not touch it.
      grows: the field of a configuration that asks for more of its trials, `seeds` or `trials`.
    """

    number: int
    statement: str
    select: Callable[[pd.DataFrame], pd.DataFrame]
    measure: Callable[[pd.DataFrame], Any]
    quantities: Sequence[Quantity]
    remark: Callable[[Any], str] = lambda measured: ""
    cells: Sequence[str] = PAPER_CELLS
    grows: str = "seeds"

    @property
    def rule(self) -> str:
        """How it is judged, in words."""
        return "; ".join(f"for {one.over}: {one.what} lies {one.bounds}" for one in self.quantities) + "."


class Finding(NamedTuple):
    """What was measured of one quantity of one subject: its estimate with its interval."""

    name: str
    interval: Interval
    quantity: Quantity

    def __str__(self) -> str:
        return f"{self.name}: {in_words(self.interval)}, claimed {self.quantity.bounds}"

    @property
    def growth(self) -> float:
        """How many times the trials it needs until its interval crosses no bound, if their spread stays what it is.

        An interval narrows as one over the root of their number. 1 where it crosses none now; NaN where the trials give
        no interval yet; infinite where the number lies on a bound.
        """
        value, low, high = self.interval
        if np.isnan([low, high]).any():
            return np.nan
        crossed = [bound for bound in (self.quantity.low, self.quantity.high) if low < bound < high]
        needed = [
            max(value - low, high - value) / abs(value - bound) if value != bound else np.inf for bound in crossed
        ]
        return max([1.0, *(ratio**2 for ratio in needed)])


class Judgement(NamedTuple):
    """A claim with its verdict.

    Attributes:
      claim: what was judged.
      verdict: "holds", "does not hold", "not enough trials", or "not run" where no trial touches it.
      findings: effect sizes and intervals.
      remark: what else was measured.
      level: confidence of the intervals.
    """

    claim: Claim
    verdict: str
    findings: Sequence[Finding] = ()
    remark: str = ""
    level: float = LEVEL

    def __str__(self) -> str:
        claim = self.claim
        lines = [f"Claim {claim.number}: {self.verdict.upper()}", f"  {claim.statement}", f"  Rule: {claim.rule}"]
        lines += [f"  - {finding}" for finding in self.findings]
        remarks = [self.remark] * bool(self.remark)
        if self.level != LEVEL:
            remarks.append(f"The trials grew until here, so that intervals are at {self.level:.2%}.")
        return "\n".join(lines + [f"  {remark}" for remark in remarks])

    @property
    def plan(self) -> str:
        """What it takes to decide the claim, from the spread seen so far: a line for each undecided number."""
        lines = [f"Claim {self.claim.number}: {self.verdict.upper()}"]
        if self.verdict == UNDECIDED:
            lines += [f"  - {one}: {_needed(one.growth)}" for one in self.findings if one.growth != 1]
        return "\n".join(lines)


def judge(claim: Claim, records: pd.DataFrame, level: float = LEVEL) -> Judgement:
    """The verdict on a claim, and the interval of each of its numbers.

    A claim holds if the interval of every number lies inside its bounds; since all must, no correction for their
    number is due. It does not hold if the interval of one lies outside at a level corrected for their number
    (Bonferroni: 1 − (1 − level)/n). Otherwise, and where a number could not be measured, there are not enough trials.
    """
    rows = claim.select(records.loc[records["cell"].isin(claim.cells).to_numpy(bool)])
    if rows.empty:
        return Judgement(claim, NOT_RUN)
    measured = claim.measure(rows)
    parts = [(one, *part) for one in claim.quantities for part in one.estimates(measured).items()]
    findings = [
        Finding(", ".join(filter(None, (subject, one.name))), estimate(level), one) for one, subject, estimate in parts
    ]
    inside = [
        one.low <= found.interval.low and found.interval.high <= one.high
        for (one, _, _), found in zip(parts, findings, strict=True)
    ]
    wide = [(one, estimate(1 - (1 - level) / len(parts))) for one, _, estimate in parts]
    if inside and all(inside):
        verdict = HOLDS
    elif any(interval.high < one.low or interval.low > one.high for one, interval in wide):
        verdict = FAILS
    else:
        verdict = UNDECIDED
    return Judgement(claim, verdict, findings, claim.remark(measured), level)


def _needed(growth):
    if np.isnan(growth):
        return "no interval yet; a mean needs two seeds, a slope three sizes"
    return "on a bound" if np.isinf(growth) else f"needs {growth:.1f} times the trials"
