"""Where a proposed trial stops, as a pure function of the trials that its batch of proposals follows from."""

from collections.abc import Mapping

import numpy as np

from capacity_jax.studies.proposals import batch_of, n_awaited
from capacity_jax.studies.record import Record
from capacity_jax.studies.study import Study
from capacity_jax.training.member import N_PLACES
from capacity_jax.training.trial import Rung, TrialKey

# Where fewer trials are known nothing stops.
FEWEST_TRIALS = 10
# Of those known at a rung the best 1/ETA would go on.
ETA = 3


def rungs_of(study: Study, key: TrialKey, records: Mapping[TrialKey, Record]) -> tuple[Rung, ...]:
    """The rungs of a trial: it goes on where it is as good as the best third of those known were there.

    Initial settings, repeats and the first proposals have none. No rung asks for more than the best trial known has at
    its end: what stops is not the best.

    Args:
      study: says at which shares of training the rungs are.
      key: of the trial.
      records: those of the first measurements of the first `n_awaited` settings are used.
    """
    if not study.rungs or study.role(key) != "search":
        return ()
    batch, _ = batch_of(study, key.number)
    awaited = [records[TrialKey(number)] for number in range(n_awaited(study, batch))]
    known = [record for record in awaited if not record.infeasible]
    # As if large were good.
    sign = 1.0 if study.bucket.task.maximize else -1.0
    best = max((sign * record.objective for record in known if not record.stopped), default=np.inf)
    rungs = []
    for place in (round(share * N_PLACES) for share in study.rungs):
        curves = [record.curve[record.score_name] for record in known]
        there = [sign * curve[place - 1] for curve in curves if len(curve) >= place]
        if len(there) >= FEWEST_TRIALS:
            rungs.append(Rung(place, sign * min(float(np.quantile(there, 1 - 1 / ETA)), best)))
    return tuple(rungs)
