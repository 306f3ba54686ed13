"""The wild cluster bootstrap beside its peers: 9,999 draws of WCR11 with random signs, the p-value of one coefficient.

    python bench/wild.py           needs the packages of bench/requirements.txt; writes the table of docs/inference.md
    python bench/wild.py --built   the same, with Attica's example built before

Every contender is a process of its own and runs in turns; the first call warms up, tables show the best of the next three."""

import json
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "inference.md"
BEGIN, END = "<!-- bench/wild.py -->\n", "<!-- end -->\n"
DRAWS = 9999
PEERS = ["statspai", "pyfixest", "wildboottest"]
CASES = [(2_000, 40, PEERS), (25_000, 500, PEERS), (1_000_000, 500, ["statspai"])]


def data(rows: int, clusters: int) -> pd.DataFrame:
    random, g = np.random.default_rng(clusters), np.repeat(np.arange(clusters), rows // clusters)
    x1 = random.standard_normal(rows) + random.standard_normal(clusters)[g]
    x2 = random.standard_normal(rows)
    y = 1 + 0.05 * x1 + 0.5 * x2 + random.standard_normal(clusters)[g] + random.standard_normal(rows)
    return pd.DataFrame({"y": y, "x1": x1, "x2": x2, "g": g})


def peer(name: str, table: str) -> None:
    """Prints seconds and p-value; what can be made before the bootstrap is made before the clock starts."""
    import warnings

    warnings.filterwarnings("ignore")
    d = pd.read_csv(table)
    if name == "statspai":
        import statspai

        def call():
            found = statspai.wild_cluster_bootstrap(d, "y", ["x1", "x2"], "g", test_var="x1", n_boot=DRAWS, seed=12)
            return next(found[key] for key in ("p_boot", "p_value", "pvalue") if key in found)
    elif name == "pyfixest":
        import pyfixest

        fit = pyfixest.feols("y ~ x1 + x2", d, vcov={"CRV1": "g"})

        def call():
            return fit.wildboottest(param="x1", reps=DRAWS, seed=12)["Pr(>|t|)"]
    else:
        import statsmodels.formula.api as smf
        from wildboottest.wildboottest import wildboottest

        model = smf.ols("y ~ x1 + x2", data=d)

        def call():
            found = wildboottest(model, param="x1", cluster=d["g"], B=DRAWS, seed=12, show=False)
            return found["p-value"].iloc[0]

    seconds, p = [], None
    for _ in range(4):
        begin = time.perf_counter()
        p = float(call())
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"seconds": min(seconds[1:]), "p": p}))


def main(built: bool) -> None:
    build = ["cargo", "build", "--release", "--quiet", "-p", "attica", "--example", "bench_wild"]
    if not built:
        subprocess.run(build, cwd=ROOT, check=True)
    rows = [
        "| rows | clusters | contender | p-value alone, s | and the fit, s | and confidence set, s | p |",
        "|---:|---:|---|---:|---:|---:|---:|",
    ]
    for count, clusters, peers in CASES:
        with tempfile.TemporaryDirectory() as folder:
            table = str(Path(folder) / "wild.csv")
            data(count, clusters).to_csv(table, index=False)
            ours = [str(ROOT / "target/release/examples/bench_wild"), table, "y", "x1 + x2", "g"]
            for line in subprocess.run(ours, check=True, capture_output=True, text=True).stdout.splitlines():
                word = line.replace(":", "").split()
                keys = ("p", "fit", "p-value", "set")
                kind, p, fit, alone, both = word[0].upper(), *(float(word[word.index(key) + 1]) for key in keys)
                times = f"{alone:.4f} | {fit + alone:.4f} | {fit + both:.4f}"
                rows.append(f"| {count:,} | {clusters} | attica {kind} | {times} | {p:.4f} |")
            for name in peers:
                run = [sys.executable, __file__, name, table]
                done = subprocess.run(run, capture_output=True, text=True, timeout=300, check=False)
                if done.returncode:
                    why = (done.stderr.strip().splitlines() or ["no message"])[-1]
                    rows.append(f"| {count:,} | {clusters} | {name} {version(name)} | failed: {why[:60]} | | | |")
                    continue
                found = json.loads(done.stdout.splitlines()[-1])
                times = f"| {found['seconds']:.3f}" if name == "statspai" else f"{found['seconds']:.3f} |"
                rows.append(f"| {count:,} | {clusters} | {name} {version(name)} | {times} | | {found['p']:.4f} |")
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    PAGE.write_text(before + BEGIN + "\n".join(rows) + "\n" + END + rest.split(END)[1], encoding="utf-8")
    print("\n".join(rows))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        peer(*sys.argv[1:])
    else:
        main(built="--built" in sys.argv)
