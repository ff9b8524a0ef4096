"""How the best learning rate and number of labels follow the length of a run and the size of a network."""
