"""`python -m capacity_jax` is `capacity-jax`."""

from capacity_jax.commands.main import main

if __name__ == "__main__":
    main()
