"""`python -m experiments.export WORKDIR` is `capacity-jax export WORKDIR`: all trials as a Parquet file."""

import sys

from capacity_jax.commands.main import main

if __name__ == "__main__":
    main(["export", *sys.argv[1:]])
