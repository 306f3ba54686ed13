"""Regressions on Parquet files from a million to a hundred million rows, read in passes; writes the tables of
docs/large-files.md.

    python bench/large.py                       1e6, 1e7 and 1e8 rows (about 2 GB of disk in the folder for temporary files)
    python bench/large.py --rows 1e6,1e7        other sizes
    python bench/large.py --did                 estimators of staggered adoption in place of regressions
    python bench/large.py --make FILE ROWS [--shuffled]   only makes a file

Every size is a file of its own, removed after its run: units of ten periods, a treatment in half the units from some
period on, a control; columns id, t, d, x, y and, with `--did`, the first
treated period g. `--shuffled` puts its rows in an order in which the rows of a unit are
scattered over the whole file. Runs are processes of their own; where a table fits, the same regression follows in memory
(`--in-memory-up-to`), and the two are compared."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from page import fill
from run import ROOT, resident

PAGE = ROOT / "docs" / "large-files.md"
BEGIN, BEGIN_DID, END = "<!-- bench/large.py -->\n", "<!-- bench/large.py --did -->\n", "<!-- end -->\n"
PERIODS, GROUP = 10, 1_000_000
FIT = ["fit", "y ~ d + x | id + t"]
DID = "did --outcome y --unit id --time t --first-treated g --estimator cs,sa,bjs,gardner,twfe".split()


def block(rows: np.ndarray, dated: bool) -> pa.Table:
    """The rows with these numbers, with the first treated period where they are `dated`."""
    unit, period = rows // PERIODS, rows % PERIODS
    noise = np.random.default_rng(rows[0]).standard_normal((2, len(rows)))
    adopts = np.where(unit % 2 == 0, 3 + unit % 7, PERIODS)
    d = period >= adopts
    x = noise[0] + 0.001 * (unit % 1000)
    y = 0.01 * (unit % 997) + 0.1 * period + 0.5 * d + 0.3 * x + noise[1]
    columns = {"id": unit.astype("i4"), "t": (2000 + period).astype("i4"), "d": d.astype("i1"), "x": x, "y": y}
    if dated:
        columns["g"] = pa.array((2000 + adopts).astype("i4"), mask=adopts == PERIODS)
    return pa.table(columns)


def make(path: Path, rows: int, shuffled: bool = False, dated: bool = False) -> None:
    units = rows // PERIODS
    rows = units * PERIODS
    writer = None
    for start in range(0, rows, GROUP):
        index = np.arange(start, min(start + GROUP, rows), dtype=np.int64)
        if shuffled:
            # Multiplying by a number without a common divisor visits every row once, far from its neighbours.
            step = next(s for s in range(int(rows * 0.618) | 1, rows, 2) if np.gcd(s, rows) == 1)
            index = (index * step) % rows
        table = block(index, dated)
        writer = writer or pq.ParquetWriter(path, table.schema, compression="snappy")
        writer.write_table(table, row_group_size=GROUP)
    writer.close()


def run(path: Path, stream: bool, arguments: list[str]) -> dict:
    """What `attica ... --json` printed, with wall and CPU seconds and the peak memory (MB) of the process."""
    command = [str(ROOT / "target/release/attica"), *arguments, str(path), "--json"]
    begin, peak = time.perf_counter(), 0.0
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([*command, *(["--stream"] if stream else [])], stdout=out, stderr=subprocess.DEVNULL)
        while True:
            done, status, usage = os.wait4(process.pid, os.WNOHANG)
            if done:
                break
            peak = max(peak, resident(process.pid))
            time.sleep(0.01)
        process.returncode = status
        out.seek(0)
        found = json.loads(out.read())
    if status:
        raise SystemExit(f"{' '.join(command)}: {found}")
    wall, cpu = time.perf_counter() - begin, usage.ru_utime + usage.ru_stime
    return {"found": found, "wall": wall, "cpu": cpu, "peak": peak}


def terms(found: dict) -> list[dict]:
    """Coefficients; of estimators the headline and the effects by event time that are not zero by construction."""
    if "terms" in found:
        return found["terms"]
    studies = [row for one in found["estimators"] for row in one["event_study"]["rows"] if row["std_error"]]
    return [one["overall"] for one in found["estimators"]] + studies


def apart(a: dict, b: dict, key: str) -> float:
    """The largest difference, relative to the size of the numbers, or to their standard errors where these are larger."""
    pairs = zip(terms(a["found"]), terms(b["found"]), strict=True)
    return max(abs(x[key] - y[key]) / max(abs(y[key]), y["std_error"]) for x, y in pairs)


def measured(path: Path, rows: int, arguments: list[str], in_memory: bool) -> tuple[list[str], list[str]]:
    """Cells of a run in passes, and of the same run in memory beside it."""
    ours = run(path, True, arguments)
    cells = [f"{ours['wall']:.1f}", f"{ours['cpu']:.1f}", f"{ours['cpu'] / rows * 1e6:.2f}", f"{ours['peak']:.0f}"]
    if not in_memory:
        return cells, [""] * 5
    whole = run(path, False, arguments)
    others = [f"{whole['wall']:.1f}", f"{whole['cpu']:.1f}", f"{whole['peak']:.0f}"]
    return cells, others + [f"{apart(ours, whole, key):.0e}" for key in ("estimate", "std_error")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="1e6,1e7,1e8")
    parser.add_argument("--in-memory-up-to", type=float, default=1e7)
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--make", nargs=2, metavar=("FILE", "ROWS"))
    parser.add_argument("--shuffled", action="store_true")
    parser.add_argument("--did", action="store_true", help="estimators of staggered adoption in place of regressions")
    parser.add_argument("--built", action="store_true", help="Attica's release build is there already")
    given = parser.parse_args()
    if given.make:
        make(Path(given.make[0]), int(float(given.make[1])), given.shuffled)
        return
    if not given.built:
        subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    ours, beside = "wall, s | CPU, s | CPU, s per 1e6 rows | peak, MB", "CPU, s | peak, MB | coefficients apart | SE apart"
    if given.did:
        head = f"| rows | file, GB | order of rows | {ours} | in memory: wall, s | {beside} |"
    else:
        head = f"| rows | file, GB | order of rows | errors | passes | {ours} | in memory: {beside} |"
    lines = [head, "|---:|---:|---|" + ("" if given.did else "---|---:|") + "---:|" * (9 if given.did else 8)]
    for rows in [int(float(n)) for n in given.rows.split(",")]:
        in_memory = rows <= given.in_memory_up_to
        for shuffled in (False, True):
            path = given.data / f"attica-{rows}{'-shuffled' if shuffled else ''}.parquet"
            make(path, rows, shuffled, given.did)
            start = [f"{rows:,}", f"{path.stat().st_size / 1e9:.2f}", "scattered" if shuffled else "by unit"]
            kinds = [([], DID)] if given.did else [(["iid", "2"], [*FIT, "--vcov", "iid"]), (["by unit", "3"], [*FIT, "--cluster", "id"])]
            try:
                for kind, arguments in kinds:
                    ours, whole = measured(path, rows, arguments, in_memory)
                    cells = start + kind + ours + (whole if given.did else whole[1:])
                    lines.append(f"| {' | '.join(cells)} |")
                    print(lines[-1], flush=True)
            finally:
                path.unlink()
    fill(PAGE, BEGIN_DID if given.did else BEGIN, "\n".join(lines) + "\n", END)


if __name__ == "__main__":
    main()
