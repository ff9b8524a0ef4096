"""Many studies in a row: the next one compiled while one trains, under one progress bar."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import zip_longest

from capacity_jax.search.progress import Progress
from capacity_jax.search.study import Study, run_study
from capacity_jax.training.population import Outcome, prepare_population


def run_studies(
    studies: Sequence[Study], on_outcome: Callable[[Study, Outcome], None] = lambda study, outcome: None
) -> Iterator[tuple[Study, list[Outcome]]]:
    """Runs studies one after another, each compiled while the one before it trains; shows progress on stderr.

    Args:
      studies: what to run, in this order; at least one.
      on_outcome: called with each outcome as soon as it is known.

    Yields:
      Each study with all its outcomes, when it has ended.

    Raises:
      ValueError: a trial's hyperparameters do not fit its bucket; nothing is trained then.

    Example:
      >>> from capacity_jax import Bucket, Network, Study, build_task, rnn, run_studies, study_row
      >>> task = build_task("mem_thru", n_in=2, n_steps=2, n_evaluation=64)
      >>> bucket = Bucket(Network(rnn, 2, 3, 2), task, batch_size=16)
      >>> study = Study(bucket, space={}, starts=[{"train_steps": 50}], n_trials=0, n_seeds=1, seed=0)
      >>> [study_row(study, outcomes)["trials"] for study, outcomes in run_studies([study])]
      [1]
    """
    with closing(Progress(studies)) as progress, ThreadPoolExecutor(1) as compiler:
        compiled = compiler.submit(prepare_population, studies[0].bucket)
        for study, following in zip_longest(studies, studies[1:]):
            compiled.result()
            if following is not None:
                compiled = compiler.submit(prepare_population, following.bucket)
            outcomes = []
            for outcome in run_study(
                study,
                on_repeats=lambda repeats, bucket=study.bucket: progress.add(bucket, repeats),
                on_chunk=lambda n_steps, bucket=study.bucket: progress.steps(bucket, n_steps),
            ):
                on_outcome(study, outcome)
                progress.outcome(study.bucket, outcome)
                outcomes.append(outcome)
            yield study, outcomes
