"""Text over 27 symbols: the task, its corpus, and a stand-in where the real one is not at hand."""

from capacity_jax.tasks.text8.corpus import Corpus, read_text8
from capacity_jax.tasks.text8.task import text8

__all__ = ["Corpus", "read_text8", "text8"]
