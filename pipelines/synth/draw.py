"""Drawing from a seeded stream, vectorised: days, choices, chances, and the drop a record comes in.

What belongs here: what every part of the world draws with. What does not: what is drawn.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth.terms import INDUSTRIES

NO_DATE = np.datetime64("NaT", "D")


def days(rng: np.random.Generator, low: np.ndarray | int, high: np.ndarray | int, size: int) -> np.ndarray:
    return rng.integers(low, high, size=size, endpoint=True).astype("timedelta64[D]")


def pick(rng: np.random.Generator, options: dict[str, float], size: int) -> np.ndarray:
    weights = np.array(list(options.values()), dtype=float)
    return np.array(list(options))[rng.choice(len(options), size=size, p=weights / weights.sum())]


def chance(rng: np.random.Generator, probability: float, size: int) -> np.ndarray:
    return rng.random(size) < probability


def money(values: np.ndarray) -> np.ndarray:
    """Yuan as whole cents, so that no binary fraction enters the truth."""
    return np.round(values * 100).astype(np.int64)


def day_values(column: pl.Series) -> np.ndarray:
    return column.to_numpy().astype("datetime64[D]")


def drop_of(rng: np.random.Generator, drops: np.ndarray, event: np.ndarray) -> np.ndarray:
    """The drop a record comes in: the first one after the event, for 3 % the one after that."""
    place = np.searchsorted(drops, event, side="right") + chance(rng, 0.03, len(event))
    return np.asarray(drops[np.minimum(place, len(drops) - 1)])


def industry_place(industry: np.ndarray) -> np.ndarray:
    names = np.array(list(INDUSTRIES))
    order = np.argsort(names)
    return np.asarray(order[np.searchsorted(names[order], industry)])


def next_drop(drops: np.ndarray, event: np.ndarray) -> np.ndarray:
    """The first drop after the event."""
    return np.asarray(drops[np.minimum(np.searchsorted(drops, event, side="right"), len(drops) - 1)])
