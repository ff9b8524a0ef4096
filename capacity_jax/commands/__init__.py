"""The command line of an installed package; `main.main` is `capacity-jax`."""
