"""Fig. 4a to 4h: how a tuner gets on at parentheses."""

from experiments.paper.tuner_figures import tuner_figure

select, draw = tuner_figure("parens_counting", "parentheses", "abcdefgh")
