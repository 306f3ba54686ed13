"""Absorbed effects beside peers: y ~ x on the published designs, clustered by id, each contender in a process of its own,
in turns; writes its part of docs/performance.md.

    python bench/fixed_effects.py                      1e5, 1e6 and 1e7 rows: needs bench/requirements.txt, about 40 minutes
    python bench/fixed_effects.py --rows 1e5,1e6       other sizes
    python bench/fixed_effects.py --make DESIGN ROWS FOLDER    only makes the data
    python bench/fixed_effects.py --peer NAME FORMULA FILE     one peer: a line of JSON

Designs are those of the benchmarks of fixest: n/10 individuals over 10 years and n/230 firms, at random (simple) or in
turn (difficult), and, hard, n/20 individuals at random in n/160 firms that hardly any worker leaves."""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
import warnings
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from page import apart, fill, seconds
from run import ROOT, build, measure_command, summary

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- bench/fixed_effects.py -->\n", "<!-- end of fixed effects -->\n"
CLUSTER, SLOW = "id", 5.0
DESIGNS = {
    "id + t": ("simple", ["id", "t"]),
    "id + t + firm, simple": ("simple", ["id", "t", "firm"]),
    "id + t + firm, difficult": ("difficult", ["id", "t", "firm"]),
    "id + firm, hard": ("hard", ["id", "firm"]),
    "id + firm + t, hard": ("hard", ["id", "firm", "t"]),
}  # fmt: skip


def panel(design: str, rows: int) -> pd.DataFrame:
    random = np.random.default_rng(rows)
    if design == "hard":
        workers, firms, years = rows // 20, max(2, rows // 160), max(2, round(rows**0.3))
        unit = random.integers(0, workers, rows)
        # A worker's firm is the one at the same place in a line, or one of its neighbours: a chain.
        firm = np.clip(unit * firms // workers + random.integers(-1, 2, rows), 0, firms - 1)
        year = random.integers(0, years, rows)
    else:
        units = rows // 10
        unit, year, firms = np.arange(rows) // 10, np.arange(rows) % 10, max(2, units // 23)
        firm = np.arange(rows) % firms if design == "difficult" else random.integers(0, firms, rows)
    effects = [random.standard_normal(codes.max() + 1)[codes] for codes in (unit, year, firm)]
    x = random.standard_normal(rows) + sum(effects) / 3
    y = 0.5 * x + sum(effects) + random.standard_normal(rows)
    return pd.DataFrame({"id": unit, "t": year, "firm": firm, "x": x, "y": y})


def make(design: str, rows: int, folder: Path) -> None:
    data = panel(design, rows)
    raw = folder / f"{design}-{rows}"
    raw.mkdir(parents=True, exist_ok=True)
    data.to_parquet(f"{raw}.parquet", index=False)
    for column in data:
        data[column].astype("<f8").to_numpy().tofile(raw / f"{column}.f64")


def peer(name: str, formula: str, file: str) -> dict:
    """What a peer computes; the second call counts unless the first is slow."""
    warnings.filterwarnings("ignore")
    data = pd.read_parquet(file)
    effects = formula.split("|")[1].replace(" ", "").split("+")
    if name.startswith("pyfixest"):
        import pyfixest
        from pyfixest.demeaners import LsmrDemeaner, MapDemeaner

        demeaner = LsmrDemeaner() if name.endswith("within") else MapDemeaner()
        columns = {"vcov": {"CRV1": CLUSTER}, "copy_data": False, "store_data": False, "lean": True}
        run = lambda: (lambda fit: (fit.coef().iloc[0], fit.se().iloc[0]))(
            pyfixest.feols(formula, data, demeaner=demeaner, **columns)
        )
    elif name == "statspai":
        import statspai

        run = lambda: (lambda fit: (fit.params["x"], fit.std_errors["x"]))(
            statspai.feols(formula, data=data, cluster=CLUSTER)
        )
    elif name == "hdfe-stream":
        from hdfe_stream import feols_stream

        def run() -> tuple:
            with tempfile.TemporaryDirectory() as folder:
                fit = feols_stream(formula, file, workdir=folder, vcov={"CRV1": CLUSTER})
                return fit.coef()["x"], fit.se[0]
    else:
        from linearmodels.iv import AbsorbingLS

        absorbed = pd.DataFrame({effect: pd.Categorical(data[effect]) for effect in effects})
        run = lambda: (lambda fit: (fit.params.iloc[0], fit.std_errors.iloc[0]))(
            AbsorbingLS(data.y, data[["x"]], absorb=absorbed).fit(cov_type="clustered", clusters=data[CLUSTER])
        )
    for _ in range(2):
        wall, cpu = time.perf_counter(), time.process_time()
        estimate, error = run()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if wall > SLOW:
            break
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"estimate": float(estimate), "std_error": float(error), "wall": wall, "cpu": cpu, "peak": peak}


PEERS = {
    "statspai": "statspai",
    "pyfixest map": "pyfixest",
    "pyfixest within": "pyfixest",
    "hdfe-stream": "hdfe_stream",
    "linearmodels": "linearmodels",
}


def command(contender: str, effects: list[str], data: Path) -> list[str]:
    release, formula = ROOT / "target" / "release", f"y ~ x | {' + '.join(effects)}"
    if contender == "attica":
        return [str(release / "examples" / "bench_fit"), formula, CLUSTER, str(data)]
    if contender == "attica fit":
        return [str(release / "attica"), "fit", formula, f"{data}.parquet", "--cluster", CLUSTER, "--ssc", "fixest", "--json"]
    return [sys.executable, __file__, "--peer", contender, formula, f"{data}.parquet"]


def one(contender: str, effects: list[str], data: Path, timeout: float) -> dict:
    found = measure_command(command(contender, effects, data), timeout)
    if contender == "attica fit" and "terms" in found:
        found |= {key: found["terms"][0][key] for key in ("estimate", "std_error")}
    kept = ("estimate", "std_error", "wall", "cpu", "peak", "process", "process_cpu")
    return found if "failed" in found else {key: found[key] for key in kept if key in found}


def compare(rows: int, folder: Path, rounds: int, timeout: float, only: list[str]) -> dict:
    contenders = ["attica", "attica fit", *[name for name, package in PEERS.items() if find_spec(package)]]
    results: dict = {}
    chosen = {title: DESIGNS[title] for title in only}
    for design in sorted({made for made, _ in chosen.values()}):
        if not (folder / f"{design}-{rows}.parquet").exists():
            make(design, rows, folder)
    for turn in range(rounds):
        for title, (design, effects) in chosen.items():
            for contender in contenders:
                runs = results.setdefault(title, {}).setdefault(contender, [])
                if any("failed" in run for run in runs):
                    continue
                runs.append(one(contender, effects, folder / f"{design}-{rows}", timeout))
                print(rows, turn, title, contender, runs[-1], file=sys.stderr, flush=True)
    return {title: {who: summary(runs) for who, runs in of.items()} for title, of in results.items()}


def cells(found: dict, ours: dict | None) -> list[str]:
    if "failed" in found:
        return [found["failed"], "", "", "", "", ""]
    gaps = ["", ""]
    if ours and "failed" not in ours:
        gaps = [apart(found, ours, "estimate"), apart(found, ours, "std_error")]
    return [*[seconds(found.get(key)) for key in ("wall", "cpu", "process")], f"{found['peak']:.0f}", *gaps]


def ratio(results: dict) -> str:
    ours = {key: results[who][key] for who, key in (("attica", "wall"), ("attica", "cpu"), ("attica fit", "process"))}
    peers = [found for who, found in results.items() if not who.startswith("attica") and "failed" not in found]
    if not peers:
        return "no peer in time"
    return " / ".join(f"{min(found[key] for found in peers) / mine:.1f}" for key, mine in ours.items())


def page(results: dict[int, dict], rounds: int, timeout: float) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in sorted({p for p in PEERS.values()}) if find_spec(name))
    lines = [
        "## Absorbed effects",
        "",
        f"Written by `python bench/fixed_effects.py`: `y ~ x` clustered by id on the designs of fixest's benchmarks; medians of {rounds} "
        f"rounds in turns on {os.cpu_count()} cores, a run over {timeout:.0f} s is stopped. {packages}. Tolerances are each package's "
        "default; Attica's effects leave to rounding. *Call*, *CPU*, *process*, *peak*, *apart* as above; hdfe-stream's call reads its file, as it works "
        "on files. Attica keeps the codes of effects with the table, so that its second call does not make them again.",
        "",
        "Attica's time against the fastest peer in each: call / CPU of the call / process.",
        "",
        "| design | " + " | ".join(f"{rows:,} rows" for rows in results) + " |",
        "|---|" + "---|" * len(results),
        *(f"| {title} | " + " | ".join(ratio(of[title]) for of in results.values() if title in of) + " |" for title in DESIGNS),
    ]
    for rows, of in results.items():
        lines += ["", f"### {rows:,} rows", "", "| design | | call, s | CPU, s | process, s | peak, MB | estimate apart | SE apart |",
                  "|---|---|---:|---:|---:|---:|---:|---:|"]  # fmt: skip
        for title, found in of.items():
            for who, run in found.items():
                ours = None if who.startswith("attica") else found["attica"]
                lines.append(f"| {title} | {who} | " + " | ".join(cells(run, ours)) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="1e5,1e6,1e7")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=60.0)
    parser.add_argument("--only", default=";".join(DESIGNS), help="designs, between semicolons; others keep what was measured before")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "attica-bench-fe")
    parser.add_argument("--make", nargs=3, metavar=("DESIGN", "ROWS", "FOLDER"))
    parser.add_argument("--peer", nargs=3, metavar=("NAME", "FORMULA", "FILE"))
    given = parser.parse_args()
    if given.make:
        return make(given.make[0], int(float(given.make[1])), Path(given.make[2]))
    if given.peer:
        print(json.dumps(peer(*given.peer)), flush=True)
        os._exit(0)
    build("fit")
    sizes = [int(float(rows)) for rows in given.rows.split(",")]
    kept = given.data / "results.json"
    found = json.loads(kept.read_text()) if kept.exists() else {}
    for rows in sizes:
        measured = compare(rows, given.data, given.rounds, given.timeout, given.only.split(";"))
        found[str(rows)] = found.get(str(rows), {}) | measured
    kept.write_text(json.dumps(found))
    ordered = {rows: {title: found[str(rows)][title] for title in DESIGNS if title in found[str(rows)]} for rows in sizes}
    text = page(ordered, given.rounds, given.timeout)
    fill(PAGE, BEGIN, text, END)


if __name__ == "__main__":
    main()
