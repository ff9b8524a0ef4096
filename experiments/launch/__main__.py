"""Starts workers of a configuration on this machine or as a job array of SLURM.

`python -m experiments.launch --workers=3 --cluster=slurm --sbatch partition=gpu gpus-per-node=1 -- --config=FILE \
--workdir=DIR [more arguments of experiments.run]`

What stands behind `--` is the command line of `experiments.run`, which every worker is given as it is. The work
directory must be one that all of them share; the trials then belong in a server's database or in a journal
(`--storage`). A worker that SLURM preempts saves what it was training and is put back into the queue. With `--chips`
each worker on this machine sees one GPU, or one chip of a TPU, its own; there must be as many of these as workers.
Logs go to `launch` in the work directory.
"""

import argparse
from pathlib import Path

from capacity_jax.commands.command_line import stop
from experiments.launch.worker import Worker, of_chip


def main() -> None:
    """Submits the workers; with `--cluster=local` also waits for them."""
    parser = argparse.ArgumentParser(prog="python -m experiments.launch", allow_abbrev=False)
    parser.add_argument("--workers", type=int, default=1, help="how many to start")
    parser.add_argument("--cluster", choices=("local", "slurm"), default="local")
    parser.add_argument(
        "--chips",
        action="store_true",
        help="gives each local worker a chip of its own; needs a chip for each",
    )
    parser.add_argument("--hours", type=float, default=24.0, help="after so many a worker goes back into the queue")
    parser.add_argument("--sbatch", nargs="*", default=[], metavar="OPTION=VALUE", help="further options of sbatch")
    parser.add_argument("arguments", nargs="*", help="behind --, those of experiments.run")
    given = parser.parse_args()
    workdirs = [one.partition("=")[2] for one in given.arguments if one.startswith("--workdir=")]
    if given.workers < 1 or len(workdirs) != 1 or not all("=" in one for one in given.sbatch):
        stop("allowed: at least one of --workers, --sbatch OPTION=VALUE, and --workdir=DIR behind --, once")
    if given.chips and given.cluster != "local":
        stop("--chips is for --cluster=local; SLURM gives each job its own: --sbatch gpus-per-node=1")
    try:
        environments = [of_chip(i) if given.chips else {} for i in range(given.workers)]
    except ValueError as error:
        stop(str(error))
    try:
        import submitit
    except ImportError:
        stop("experiments.launch needs submitit; pip install 'capacity_jax[slurm]' brings it")
    executor = submitit.AutoExecutor(Path(workdirs[0], "launch"), cluster=given.cluster)
    executor.update_parameters(
        timeout_min=max(1, round(60 * given.hours)),
        slurm_array_parallelism=given.workers,
        slurm_additional_parameters=dict(one.split("=", 1) for one in given.sbatch) | {"requeue": True},
    )
    with executor.batch():
        jobs = [executor.submit(Worker(given.arguments, environment)) for environment in environments]
    for job in jobs:
        print(f"worker {job.job_id}: {job.paths.stdout}", flush=True)
    if given.cluster == "local":
        for job in jobs:
            job.result()


if __name__ == "__main__":
    main()
