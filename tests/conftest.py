"""Two CPU devices, so that every test of the population also tests its sharding."""

import jax

jax.config.update("jax_num_cpu_devices", 2)
