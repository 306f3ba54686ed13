"""Panels to time estimators on: columns id, t, g (first treated period, 0 is never), x, y, and d (treated now)."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd


def staggered(units: int, periods: int = 10, cohorts: int = 8) -> pd.DataFrame:
    """A quarter of the units never adopts, the others in one of the last `cohorts` periods; a trait x of the unit
    bends its trend and makes it adopt earlier; effects grow."""
    random = np.random.default_rng(units)
    x = random.standard_normal(units)
    dates = np.arange(periods - cohorts + 1, periods + 1)
    place = np.clip((random.random(units) - 0.05 * x) * cohorts, 0, cohorts - 1).astype(int)
    g = np.where(random.random(units) < 0.25, 0, dates[place])
    unit, time = np.repeat(np.arange(units), periods), np.tile(np.arange(1, periods + 1), units)
    d = (g[unit] > 0) & (time >= g[unit])
    effect = np.where(d, 1 + 0.2 * (time - g[unit]), 0.0)
    y = random.standard_normal(units)[unit] + 0.1 * time + 0.05 * time * x[unit] + effect
    y += random.standard_normal(len(unit))
    return pd.DataFrame({"id": unit + 1, "t": time, "g": g[unit], "x": x[unit], "y": y, "d": d.astype(int)})


def block(units: int = 60, periods: int = 40, treated: int = 5, first: int = 31) -> pd.DataFrame:
    """Two factors with loadings by unit; `treated` units adopt in period `first`, effect 1."""
    random = np.random.default_rng(3)
    y = random.standard_normal((units, 2)) @ random.standard_normal((2, periods))
    y += random.standard_normal((units, periods)) / 2
    y[:treated, first - 1 :] += 1
    unit, time = np.repeat(np.arange(units), periods), np.tile(np.arange(1, periods + 1), units)
    g = np.where(unit < treated, first, 0)
    d = (g > 0) & (time >= g)
    return pd.DataFrame({"id": unit + 1, "t": time, "g": g, "y": y.ravel(), "d": d.astype(int)})


def write(frame: pd.DataFrame, folder: Path, name: str) -> None:
    """`name.parquet` for programs, and `name/COLUMN.f64` (little-endian doubles) for the library's example, in which
    never is NaN."""
    frame.to_parquet(folder / f"{name}.parquet", index=False)
    raw = folder / name
    raw.mkdir(exist_ok=True)
    for column in frame:
        values = frame[column].astype("<f8")
        (values.where(values > 0) if column == "g" else values).to_numpy().tofile(raw / f"{column}.f64")


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for size in sys.argv[2:]:
        write(block() if size == "block" else staggered(int(float(size))), out, size)
