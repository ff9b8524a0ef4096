"""Fig. 3a to 3d: bits per character of text against parameters at depths 1, 2 and 4, and against units at depth 1."""

from experiments.paper.loss_figures import loss_figure

select, draw = loss_figure("text8", "bits per character", "abcd")
