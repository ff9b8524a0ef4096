"""`--config.space.NAME=VALUE` on the command line, for every hyperparameter: also one that no configuration names."""

import re
from collections.abc import Sequence
from typing import Any

FLAG = re.compile(r"--?config\.space\.([^=]+)(?:=(.*))?", re.DOTALL)


def split_space(arguments: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """The other arguments, and the changes to the search space by name: a value, or a tuple where a comma stands.

    Raises:
      ValueError: a change has no value, or is given twice.
    """
    others, changes, left = [], {}, iter(arguments)
    for argument in left:
        flag = FLAG.fullmatch(argument)
        if not flag:
            others.append(argument)
            continue
        name, text = flag.groups()
        text = next(left, "") if text is None else text
        values = [_value(word.strip()) for word in text.strip(" ()").split(",") if word.strip()]
        if not values or name in changes:
            problem = "is given twice" if values else "has no value"
            raise ValueError(
                f"--config.space.{name} {problem}; allowed: one value, two for a range, or words, by commas"
            )
        changes[name] = tuple(values) if "," in text else values[0]
    return others, changes


def _value(word):
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            pass
    return word.strip("'\"")
