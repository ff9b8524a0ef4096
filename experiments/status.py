"""`python -m experiments.status WORKDIR` is `capacity-jax status WORKDIR`: what runs, how far, and how long yet."""

import sys

from capacity_jax.commands.main import main

if __name__ == "__main__":
    main(["status", *sys.argv[1:]])
