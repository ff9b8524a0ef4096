"""How much can a recurrent network store, and how hard is it to train? Measured in JAX, in minutes."""
