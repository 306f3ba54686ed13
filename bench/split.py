"""One regression in each of many samples beside loops in peers: y ~ x | id + t clustered by id, split by g, each contender
in a process of its own, in turns; writes its part of docs/performance.md.

    python bench/split.py                        4,000 groups of 250 rows: needs bench/requirements.txt, about 5 minutes
    python bench/split.py --groups 500           fewer
    python bench/split.py --peer NAME FILE COUNT one peer on the first groups: a line of JSON"""

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

from page import fill, seconds
from run import ROOT, build, measure_command, summary

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- bench/split.py -->\n", "<!-- end of split -->\n"
UNITS, YEARS, CLUSTER, FORMULA = 25, 10, "id", "y ~ x | id + t"
# Peers loop over so many groups, and their seconds are scaled to all.
SHARE = 200
# Relative gaps beyond these are no agreement: the peers' effects leave by iteration.
AGREE = {"estimate": 1e-6, "std_error": 1e-6}
PEERS = {"pyfixest": "pyfixest", "pyfixest, split": "pyfixest", "statspai": "statspai"}


def make(groups: int, folder: Path) -> Path:
    """Units by year, each unit in one of the groups at random: the rows of a group lie all over the table."""
    random = np.random.default_rng(groups)
    units = groups * UNITS
    unit, year = np.repeat(np.arange(units), YEARS), np.tile(np.arange(YEARS), units)
    group = random.permutation(np.arange(units) % groups)[unit]
    x = random.standard_normal(len(unit)) + random.standard_normal(units)[unit]
    y = group / groups * x + random.standard_normal(units)[unit] + random.standard_normal(YEARS)[year] + random.standard_normal(len(unit))
    data = pd.DataFrame({"g": group, "id": unit, "t": year, "x": x, "y": y})
    raw = folder / f"split-{groups}"
    raw.mkdir(parents=True, exist_ok=True)
    data.to_parquet(f"{raw}.parquet", index=False)
    for column in data:
        data[column].astype("<f8").to_numpy().tofile(raw / f"{column}.f64")
    return raw


def peer(name: str, file: str, count: int) -> dict:
    """Estimates and standard errors of the first groups, after a few to warm up."""
    warnings.filterwarnings("ignore")
    data = pd.read_parquet(file)

    def loop(one, data: pd.DataFrame) -> list:
        return [one(part) for _, part in data.groupby("g")]

    if name == "statspai":
        import statspai

        def run(data: pd.DataFrame) -> list:
            fit = lambda part: statspai.feols(FORMULA, data=part, cluster=CLUSTER)
            return loop(lambda part: (lambda found: (found.params["x"], found.std_errors["x"]))(fit(part)), data)
    else:
        import pyfixest
        from pyfixest.demeaners import MapDemeaner

        asked = {"vcov": {"CRV1": CLUSTER}, "copy_data": False, "store_data": False, "lean": True, "demeaner": MapDemeaner()}
        first = lambda fit: (fit.coef().iloc[0], fit.se().iloc[0])

        def run(data: pd.DataFrame) -> list:
            if name.endswith("split"):
                return [first(fit) for fit in pyfixest.feols(FORMULA, data, split="g", **asked).to_list()]
            return loop(lambda part: first(pyfixest.feols(FORMULA, part, **asked)), data)

    run(data[data.g < 5])
    data = data[data.g < count]
    wall, cpu = time.perf_counter(), time.process_time()
    found = run(data)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"found": [[float(x) for x in pair] for pair in found], "wall": wall, "cpu": cpu, "peak": peak}


def command(contender: str, raw: Path, count: int) -> list[str]:
    release, formula = ROOT / "target" / "release", f"{FORMULA}, split = ~g"
    if contender == "attica":
        return [str(release / "examples" / "bench_fit"), formula, CLUSTER, str(raw)]
    if contender == "attica fit":
        return [str(release / "attica"), "fit", formula, f"{raw}.parquet", "--cluster", CLUSTER, "--ssc", "fixest", "--json"]
    return [sys.executable, __file__, "--peer", contender, f"{raw}.parquet", str(count)]


def one(contender: str, raw: Path, count: int, timeout: float) -> dict:
    """One run; `pairs` are the first coefficients and their standard errors by group."""
    found = measure_command(command(contender, raw, count), timeout)
    if "failed" in found:
        return found
    if contender == "attica fit":
        terms = [model["terms"][0] for model in found["models"]]
        found["found"] = [[term["estimate"], term["std_error"]] for term in terms]
        found |= {"wall": found["process"], "cpu": found["process_cpu"]}
    kept = ("found", "wall", "cpu", "peak", "process", "process_cpu")
    return {key: found[key] for key in kept if key in found}


def gaps(found: list, ours: list) -> list[float]:
    """The largest relative gap of estimates and of standard errors over the groups that both have."""
    a, b = np.array(found), np.array(ours)[: len(found)]
    return list(np.abs(a / b - 1).max(axis=0))


def compare(groups: int, raw: Path, rounds: int, timeout: float) -> dict:
    count = min(SHARE, groups)
    runs: dict = {"attica": [], "attica fit": []} | {name: [] for name, package in PEERS.items() if find_spec(package)}
    for turn in range(rounds):
        for contender, of in runs.items():
            if not any("failed" in run for run in of):
                of.append(one(contender, raw, count, timeout))
                print(turn, contender, {key: value for key, value in of[-1].items() if key != "found"}, file=sys.stderr, flush=True)
    ours = runs["attica fit"][-1]["found"]
    results = {}
    for contender, of in runs.items():
        pairs = of[-1].get("found")
        results[contender] = summary([{key: value for key, value in run.items() if key != "found"} for run in of])
        if contender in PEERS and pairs:
            scale = groups / count
            results[contender] |= {key: scale * results[contender][key] for key in ("wall", "cpu")}
            results[contender]["gaps"] = gaps(pairs, ours)
            for gap, (what, most) in zip(results[contender]["gaps"], AGREE.items(), strict=True):
                assert gap < most, f"{contender}: {what} is {gap:.0e} apart"
    return results


def page(groups: int, results: dict, rounds: int) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in sorted(set(PEERS.values())) if find_spec(name))
    peers = {who: found for who, found in results.items() if who in PEERS and "failed" not in found}
    fastest = min(peers, key=lambda who: peers[who]["wall"])
    times = {who: peers[fastest]["wall"] / results[who]["wall"] for who in ("attica", "attica fit")}
    lines = [
        "## Many samples",
        "",
        f"Written by `python bench/split.py`: `{FORMULA}, split = ~g` clustered by id, {groups:,} groups of {UNITS} units over {YEARS} years "
        f"({groups * UNITS * YEARS:,} rows), the units of a group all over the table; medians of {rounds} rounds in turns on {os.cpu_count()} cores. {packages}. "
        "`attica` is the library with columns in memory, its second call; `attica fit` is the whole process, Parquet file to JSON. Peers have their "
        f"data in memory and are warm; they loop over the groups of `groupby` ({fastest} is the fastest), or split by their own option, on the "
        f"first {SHARE} groups, and their seconds are multiplied up. *Apart* is the largest relative difference from Attica's over those groups.",
        "",
        f"The library is {times['attica']:.0f} times and the whole command {times['attica fit']:.0f} times as fast as {fastest}.",
        "",
        "| | seconds | CPU, s | peak, MB | estimate apart | SE apart |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for who, found in results.items():
        if "failed" in found:
            lines.append(f"| {who} | {found['failed']} | | | | |")
            continue
        apart = [f"{gap:.0e}" for gap in found.get("gaps", [])] or ["", ""]
        lines.append("| " + " | ".join([who, seconds(found["wall"]), seconds(found["cpu"]), f"{found['peak']:.0f}", *apart]) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groups", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=300.0)
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "attica-bench-split")
    parser.add_argument("--peer", nargs=3, metavar=("NAME", "FILE", "COUNT"))
    given = parser.parse_args()
    if given.peer:
        print(json.dumps(peer(given.peer[0], given.peer[1], int(given.peer[2]))), flush=True)
        os._exit(0)
    build("fit")
    results = compare(given.groups, make(given.groups, given.data), given.rounds, given.timeout)
    text = page(given.groups, results, given.rounds)
    fill(PAGE, BEGIN, text, END)


if __name__ == "__main__":
    main()
