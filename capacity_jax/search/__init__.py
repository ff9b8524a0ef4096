"""Which hyperparameters to try: the space, draws from it, and studies."""

from capacity_jax.search.plan import most_labels, plan_study
from capacity_jax.search.run import run_studies
from capacity_jax.search.space import PAPER_RANGES, SHORT_RUN_RANGES, expanded, nearest, random_draw, search_space
from capacity_jax.search.study import Study, best_setting, run_study

__all__ = [
    "PAPER_RANGES",
    "SHORT_RUN_RANGES",
    "Study",
    "best_setting",
    "expanded",
    "most_labels",
    "nearest",
    "plan_study",
    "random_draw",
    "run_studies",
    "run_study",
    "search_space",
]
