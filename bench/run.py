"""Attica beside its peers on the same panels, each in a process of its own, in turns; writes docs/performance.md.

    python bench/run.py                       as published: needs the packages of bench/requirements.txt, about 20 minutes
    python bench/run.py --scale 0.02 --rounds 1 --out /dev/stdout   a try-out
    python bench/run.py --rounds 3 --only cs,sdid                   some tasks; the others keep what was measured before

Builds Attica (release) and makes the data first. Every contender runs `--rounds` times, one after the other in each
round; tables show medians. A contender that is slower than `--timeout` once is not run again."""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from page import inference, page, randomisation

ROOT = Path(__file__).resolve().parent.parent
CS, TWO = ["diff-diff", "csdid", "differences", "statspai"], ["diff-diff", "statspai", "pyfixest"]
TASKS = {
    "cs": CS, "cs-x": CS, "cs-boot": CS, "cs-x-boot": CS,
    "bjs": ["diff-diff", "statspai"], "gardner": TWO, "dcdh": ["statspai", "diff-diff", "py-did-multiplegt-dyn"],
    "sdid": ["diff-diff", "statspai"],
}  # fmt: skip
LINEAR = ["twfe", "sa", "cs", "cs-x", "bjs", "gardner", "dcdh"]
VCOV_ROWS, DRAWS = [100_000, 300_000, 1_000_000], [1_000, 10_000, 100_000]


def build(*examples: str) -> None:
    """The command, and these examples of the library, with the features that the whole workspace has."""
    what = ["--bin", "attica", *(part for name in examples for part in ("--example", f"bench_{name}"))]
    subprocess.run(["cargo", "build", "--release", "--workspace", "--quiet", *what], cwd=ROOT, check=True)


def command(contender: str, task: str, data: Path) -> list[str]:
    release = ROOT / "target" / "release"
    if contender == "attica":
        return [str(release / "examples" / "bench_estimator"), task, str(data)]
    if contender == "attica did":
        name, options = task.split("-")[0], []
        options += ["--controls", "x"] if "-x" in task else []
        options += ["--bootstrap", "1000"] if "boot" in task else []
        columns = ["--outcome", "y", "--unit", "id", "--time", "t", "--treatment", "d", "--cluster", "id"]
        return [str(release / "attica"), "did", f"{data}.parquet", *columns, "--estimator", name, *options, "--json"]
    return [sys.executable, str(ROOT / "bench" / "peer.py"), contender, task, f"{data}.parquet"]


def resident(process: int) -> float:
    """Largest resident memory of a running process so far, MB. That of a finished one would count the memory of the
    process that started it."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        return max((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), default=0.0)
    except OSError:
        return 0.0


def measure(contender: str, task: str, data: Path, timeout: float) -> dict:
    """What the contender printed, with wall and CPU seconds and peak memory (MB) of its whole process."""
    found = measure_command(command(contender, task, data), timeout)
    if contender == "attica did" and "failed" not in found:
        overall = found["estimators"][0]["overall"]
        measured = {key: found[key] for key in ("peak", "process", "process_cpu")}
        return measured | {key: overall[key] for key in ("estimate", "std_error")}
    return found


def measure_command(words: list[str], timeout: float) -> dict:
    """The last line that a command printed, with wall and CPU seconds and peak memory (MB) of its process."""
    begin, peak = time.perf_counter(), 0.0
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(words, stdout=out, stderr=complaints)
        while True:
            done, status, usage = os.wait4(process.pid, os.WNOHANG)
            if done or time.perf_counter() - begin > timeout:
                break
            peak = max(peak, resident(process.pid))
            time.sleep(0.002)
        if not done:
            process.kill()
            os.wait4(process.pid, 0)
            return {"failed": f"over {timeout:.0f} s"}
        process.returncode = status
        wall = time.perf_counter() - begin
        if status != 0:
            complaints.seek(0)
            last = complaints.read().decode(errors="replace").strip().splitlines()[-1:]
            wants = re.search(r"Unable to allocate (\S+ \S+)", last[0]) if last else None
            return {"failed": f"needs {wants[1]}" if wants else last[0] if last else f"status {status}"}
        out.seek(0)
        found = json.loads(out.read().decode().strip().splitlines()[-1])
    return {"peak": peak} | found | {"process": wall, "process_cpu": usage.ru_utime + usage.ru_stime}


def ours(example: str, *arguments: object) -> dict:
    """What an example of the library prints."""
    command = [str(ROOT / "target" / "release" / "examples" / f"bench_{example}"), *map(str, arguments)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(example, *arguments, found, file=sys.stderr, flush=True)
    return found


def medians(example: str, arguments: list[int], rounds: int) -> list[dict]:
    """For each argument, medians over rounds."""
    return [summary([ours(example, argument) for _ in range(rounds)]) for argument in arguments]


def compare(tasks: dict, data: dict, rounds: int, timeout: float) -> dict:
    results: dict = {}
    for turn in range(rounds):
        for task, peers in tasks.items():
            for contender in ["attica", "attica did", *peers]:
                runs = results.setdefault(task, {}).setdefault(contender, [])
                if any("failed" in run for run in runs):
                    continue
                runs.append(measure(contender, task, data[task], timeout))
                print(turn, task, contender, runs[-1], file=sys.stderr, flush=True)
    return {task: {who: summary(runs) for who, runs in of.items()} for task, of in results.items()}


def summary(runs: list[dict]) -> dict:
    failed = [run for run in runs if "failed" in run]
    return failed[0] if failed else {key: median(run[key] for run in runs) for key in runs[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="share of the published sizes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=60.0)
    parser.add_argument("--only", default=",".join([*TASKS, *LINEAR, "vcov", "placebo"]), help="tasks; others keep what was measured before")
    parser.add_argument("--no-growth", action="store_true", help="keep the growth that was measured before")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "attica-bench")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "performance.md")
    given = parser.parse_args()
    build("estimator", "vcov", "placebo")
    units = int(1e5 * given.scale)
    linear = [int(n * given.scale) for n in (1e4, 3e4, 1e5, 3e5, 1e6)]
    make = [sys.executable, str(ROOT / "bench" / "data.py"), str(given.data), "block"]
    sizes = sorted({units, *([] if given.no_growth else linear)})
    subprocess.run([*make, *map(str, sizes)], check=True)
    only = given.only.split(",")
    tasks = {task: peers for task, peers in TASKS.items() if task in only}
    files = {task: given.data / ("block" if task == "sdid" else str(units)) for task in tasks}
    kept = given.data / "results.json"
    found = json.loads(kept.read_text()) if kept.exists() else {"tasks": {}, "growth": {}}
    found["tasks"] |= compare(tasks, files, given.rounds, given.timeout)
    for task in [task for task in LINEAR if task in only and not given.no_growth]:
        runs = [[measure("attica", task, given.data / str(n), 600) for _ in range(given.rounds)] for n in linear]
        found["growth"][task] = [summary(of) for of in runs]
    if "vcov" in only:
        found["vcov"] = medians("vcov", VCOV_ROWS, given.rounds)
    if "placebo" in only:
        found["placebo"] = medians("placebo", DRAWS, given.rounds)
    kept.write_text(json.dumps(found))
    ordered = {task: found["tasks"][task] for task in TASKS if task in found["tasks"]}
    growth = {task: found["growth"][task] for task in LINEAR if task in found["growth"]}
    text = page(units, ordered, linear, growth, given.rounds, given.timeout)
    given.out.write_text(text + inference(VCOV_ROWS, found.get("vcov")) + randomisation(DRAWS, found.get("placebo")))


if __name__ == "__main__":
    main()
