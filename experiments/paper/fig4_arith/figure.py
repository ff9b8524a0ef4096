"""Fig. 4i to 4p: how a tuner gets on at arithmetic."""

from experiments.paper.tuner_figures import tuner_figure

select, draw = tuner_figure("arithmetic", "arithmetic", "ijklmnop")
