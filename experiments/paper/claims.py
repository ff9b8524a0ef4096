"""The paper's eight claims, judged on a table of trials."""

import pandas as pd

from experiments.paper.fig1.claim import claim_1, claim_2, claim_3, claim_4
from experiments.paper.fig3.claim import claim_5
from experiments.paper.fig5.claim import claim_6, claim_7, claim_8
from experiments.paper.verdict import Claim, Finding

__all__ = ["Claim", "Finding", "judge_claims"]


def judge_claims(trials: pd.DataFrame) -> list[Claim]:
    """Each claim with verdict, effect sizes, intervals, and the rule by which it was judged.

    Args:
      trials: a table of trials, of any tasks and as far as the studies have come.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import TRIAL_COLUMNS, judge_claims
      >>> claims = judge_claims(pd.DataFrame(columns=TRIAL_COLUMNS))
      >>> claims[0].verdict
      'not enough trials'
    """
    return [claim(trials) for claim in (claim_1, claim_2, claim_3, claim_4, claim_5, claim_6, claim_7, claim_8)]
