"""docs/performance.md from measurements."""

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

TITLES = {
    "cs": "Callaway–Sant'Anna, analytical standard errors",
    "cs-x": "Callaway–Sant'Anna with a covariate, doubly robust, analytical standard errors",
    "cs-boot": "Callaway–Sant'Anna, 1,000 multiplier draws",
    "cs-x-boot": "Callaway–Sant'Anna with a covariate, 1,000 multiplier draws",
    "bjs": "Borusyak–Jaravel–Spiess imputation",
    "gardner": "Gardner two-stage",
    "dcdh": "de Chaisemartin–D'Haultfoeuille, all effects and placebos",
    "sdid": "Synthetic difference-in-differences, 60 units × 40 periods, 200 placebo replications",
}
PACKAGES = {"statspai": "StatsPAI"} | {
    name: name for name in ("diff-diff", "csdid", "differences", "pyfixest", "py-did-multiplegt-dyn")
}


def named(contender: str) -> str:
    try:
        return f"{contender} {version(PACKAGES[contender])}" if contender in PACKAGES else contender
    except PackageNotFoundError:
        return contender


def seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}" if value < 1 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def fill(path: Path, begin: str, text: str, end: str) -> None:
    """Puts `text` between the marks `begin` and `end` of a page, at its end where it has none."""
    old = path.read_text(encoding="utf-8")
    if begin not in old:
        old += f"\n{begin}{end}"
    before, rest = old.split(begin, 1)
    path.write_text(before + begin + text + end + rest.split(end, 1)[1], encoding="utf-8")


def apart(found: dict, ours: dict, key: str) -> str:
    gap = abs(found[key] / ours[key] - 1)
    return "0" if gap == 0 else f"{gap:.0e}"


def table(results: dict) -> list[str]:
    ours = results["attica"]
    lines = [
        "| | call, s | CPU, s | process, s | peak, MB | effect apart | SE apart |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for contender, found in results.items():
        if "failed" in found:
            lines.append(f"| {named(contender)} | {found['failed']} | | | | | |")
            continue
        gaps = ["", ""]
        if contender not in ("attica", "attica did") and "failed" not in ours:
            gaps = [apart(found, ours, "estimate"), apart(found, ours, "std_error")]
        call = [seconds(found.get("wall")), seconds(found.get("cpu"))]
        cells = [named(contender), *call, seconds(found["process"]), f"{found['peak']:.0f}", *gaps]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


GOAL = {"wall": 5.0, "cpu": 5.0, "peak": 2.0}


def ratios(results: dict) -> dict[str, tuple[float, str]]:
    """How many times Attica's time, CPU time and memory the best peer in each needs, and which peer that is."""
    ours = results["attica"]
    peers = {who: found for who, found in results.items() if not who.startswith("attica") and "failed" not in found}
    if "failed" in ours or not peers:
        return {}
    best = {key: min(peers, key=lambda who: peers[who][key]) for key in GOAL}
    return {key: (peers[who][key] / ours[key], who) for key, who in best.items()}


def verdict(results: dict) -> str:
    """How Attica stands to the best peer in time, CPU time and memory."""
    found = ratios(results)
    if not found:
        return "Nothing to compare."
    (wall, fastest), (cpu, thrifty), (peak, smallest) = (found[key] for key in GOAL)
    return (
        f"{wall:.1f} times as fast as {fastest}, {cpu:.1f} times in CPU time"
        + ("" if thrifty == fastest else f" ({thrifty})")
        + f"; {100 / peak:.0f} % of the peak memory of {smallest}."
    )


def goals(results: dict) -> str:
    """Which tasks miss the goal."""
    names = {"wall": "time", "cpu": "CPU time", "peak": "memory"}
    missed = [
        f"`{task}` ({', '.join(f'{names[key]} {times:.1f}' for key, (times, _) in low.items())})"
        for task, found in results.items()
        if (low := {key: ratio for key, ratio in ratios(found).items() if ratio[0] < GOAL[key]})
    ]
    aim = "The goal is a fifth of the time and of the CPU time of the fastest peer, and half of the memory of the smallest"
    return f"{aim}. It is missed by {'; '.join(missed)}." if missed else f"{aim}; every task below reaches it."


def page(units: int, results: dict, sizes: list[int], growth: dict, rounds: int, timeout: float) -> str:
    lines = [
        "# Performance",
        "",
        "Written by `python bench/run.py` (`just bench-peers`); `bench/` has the data generator and every call.",
        "",
        f"Medians of {rounds} rounds in which all contenders take turns, each in a process of its own, on "
        f"{os.cpu_count()} cores. *Call* is the estimation with data in memory, warm (the first call of a process is "
        "not counted unless it takes over 5 s); Attica's includes indexing the panel. *Process* is from start to the "
        "printed result, reading Parquet, with one call (peers: two, where the first is warm-up). *Peak* is the largest "
        "resident memory of the process; for the Python packages 150 to 250 MB of it are the interpreter and imports. "
        "*Apart* is the relative difference of the mean effect over treated rows, and of its standard error, from "
        "Attica's. `attica` is the library, `attica did` the command. Every contender estimates all group-time effects "
        f"(or imputed effects) and their average by event time. A run over {timeout:.0f} s is stopped.",
        "",
        goals(results),
        "",
        f"## {units:,} units × 10 periods, 8 cohorts and never-treated",
        "",
    ]
    for task, found in results.items():
        lines += [f"### {TITLES[task]}", "", verdict(found), "", *table(found), ""]
    lines += [
        "## Growth with the number of units",
        "",
        "Seconds of the call (and peak memory of the process, MB), 10 periods, 8 cohorts.",
        "",
        "| units | " + " | ".join(f"`{task}`" for task in growth) + " |",
        "|---:|" + "---:|" * len(growth),
    ]
    for i, size in enumerate(sizes):
        of = lambda found: found["failed"] if "failed" in found else f"{seconds(found['wall'])} ({found['peak']:.0f})"
        lines.append(f"| {size:,} | " + " | ".join(of(found[i]) for found in growth.values()) + " |")
    return "\n".join(lines) + "\n"


def inference(rows: list[int], found: list[dict] | None) -> str:
    """Covariances of one regression, by number of rows."""
    if not found:
        return ""
    lines = [
        "",
        "## Other standard errors of one regression",
        "",
        "Seconds to compute another covariance of a regression that is fitted already (`bench_vcov`): units over 10 periods "
        "with an effect of both, five regressors, 500 clusters `g` of units. For Conley every unit has a place of its own; "
        "their number grows with the area, so that about 160 others lie within the cutoff. All grow in proportion to rows; "
        "Conley also to the number of places within the cutoff, CR2 and CRV3 to the square of a cluster's levels of effects "
        "that cross clusters (here the periods).",
        "",
        "| rows | " + " | ".join(f"`{kind}`" for kind in found[0]) + " |",
        "|---:|" + "---:|" * len(found[0]),
    ]
    short = lambda value: f"{value:.4f}" if value < 0.01 else seconds(value)
    for count, times in zip(rows, found, strict=True):
        lines.append(f"| {count:,} | " + " | ".join(short(value) for value in times.values()) + " |")
    return "\n".join(lines) + "\n"


def randomisation(draws: list[int], found: list[dict] | None) -> str:
    """Placebo draws of Callaway–Sant'Anna, by their number."""
    if not found:
        return ""
    lines = [
        "",
        "## Randomisation inference",
        "",
        "Callaway–Sant'Anna on 285 units × 11 periods (3,135 rows), the dates of adoption drawn anew among units, with the "
        "estimate and t statistic of every draw (`bench_placebo`). Draws are counted as they come: memory does not grow "
        "with their number.",
        "",
        "| draws | seconds | peak, MB |",
        "|---:|---:|---:|",
    ]
    for count, of in zip(draws, found, strict=True):
        lines.append(f"| {count:,} | {seconds(of['wall'])} | {of['peak']:.1f} |")
    return "\n".join(lines) + "\n"
