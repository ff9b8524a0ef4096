"""Fig. 3e to 3g: squared error on random continuous functions against parameters, at depths 1, 2 and 4."""

from experiments.paper.loss_figures import loss_figure

select, draw = loss_figure("rcf", "squared error", "efg", "random continuous functions")
