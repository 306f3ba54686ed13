"""One peer on one task in a process of its own: `peer.py PEER TASK FILE`. Prints a line of JSON: effect, standard
error, seconds and CPU seconds of the warm call (data in memory), and the peak memory of the process in MB.

Tasks are `cs`, `cs-x` (with a covariate), each also with `-boot` (1,000 multiplier draws), `bjs`, `gardner`, `dcdh`
(all effects and placebos) and `sdid` (200 placebo replications). Every peer is asked for group-time effects and their average by event time."""

import json
import os
import resource
import sys
import time
import warnings

import pandas as pd

warnings.filterwarnings("ignore")
COLUMNS = {"outcome": "y", "unit": "id", "time": "t"}
DRAWS, PLACEBOS, SLOW = 1000, 200, 5.0
EFFECTS, PLACEBO_EFFECTS = 8, 4  # All that the data allow.


def first(value) -> float:
    """The number in a scalar, list or array."""
    return float(value[0]) if hasattr(value, "__len__") else float(value)


def diff_diff(task: str, data: pd.DataFrame):
    import diff_diff as package

    if task == "sdid":
        data = data.assign(treated=(data.g > 0).astype(int))
        model = package.SyntheticDiD(variance_method="placebo", n_bootstrap=PLACEBOS, seed=1)
        after = sorted(data.t[data.d == 1].unique())
        fit = lambda: model.fit(data, treatment="treated", post_periods=after, **COLUMNS)
        return lambda: (lambda found: (found.att, found.se))(fit())
    if task == "dcdh":
        model = package.ChaisemartinDHaultfoeuille(twfe_diagnostic=False, seed=1)
        fit = lambda: model.fit(data, treatment="d", L_max=EFFECTS, **COLUMNS)
        return lambda: (lambda found: (found.overall_att, found.overall_se))(fit())
    if task.startswith("cs"):
        model = package.CallawaySantAnna(n_bootstrap=DRAWS if "boot" in task else 0, seed=1)
    else:
        model = {"bjs": package.ImputationDiD, "gardner": package.TwoStageDiD}[task](cluster="id")
    covariates = ["x"] if "-x" in task else None

    def run():
        found = model.fit(data, first_treat="g", covariates=covariates, **COLUMNS)
        found.aggregate("event_study")
        return found.overall_att, found.overall_se

    return run


def csdid(task: str, data: pd.DataFrame):
    from csdid.att_gt import ATTgt

    boot = "boot" in task

    def run():
        model = ATTgt(
            yname="y", tname="t", idname="id", gname="g", data=data, control_group="nevertreated",
            xformla="y~x" if "-x" in task else "y~1", biters=DRAWS, cband=boot,
        ).fit(est_method="dr", base_period="varying", bstrap=boot)  # fmt: skip
        model.aggte(typec="dynamic", bstrap=boot, cband=boot)
        found = model.aggte(typec="simple", bstrap=False).atte
        return first(found["overall_att"]), first(found["overall_se"])

    return run


def differences(task: str, data: pd.DataFrame):
    from differences import ATTgt

    data = data.assign(g=data.g.where(data.g > 0)).drop(columns="d").set_index(["id", "t"])
    draws = DRAWS if "boot" in task else 0

    def run():
        model = ATTgt(data=data, cohort_column="g")
        model.fit("y ~ x" if "-x" in task else "y", est_method="dr", control_group="never_treated",
                  boot_iterations=draws, random_state=1, n_jobs=1, progress_bar=False)  # fmt: skip
        model.aggregate("event", boot_iterations=draws, random_state=1)
        found = model.aggregate("simple")
        return float(found.iloc[0, 0]), float(found.iloc[0, 1])

    return run


def statspai(task: str, data: pd.DataFrame):
    import statspai as package

    if task == "sdid":
        units, date = sorted(data.id[data.g > 0].unique()), int(data.g.max())
        fit = lambda: package.sdid(data, treated_unit=units, treatment_time=date, n_reps=PLACEBOS, seed=1, **COLUMNS)
        return lambda: (lambda found: (found.estimate, found.se))(fit())
    if task == "bjs":
        horizon = list(range(int((data.t - data.g)[data.d == 1].max()) + 1))
        fit = lambda **more: package.did_imputation(data, "y", "id", "t", "g", cluster="id", **more)

        def run():
            fit(horizon=horizon)
            return (lambda found: (found.estimate, found.se))(fit())

        return run
    if task == "gardner":
        fit = lambda: package.gardner_did(data, y="y", group="id", time="t", first_treat="g", cluster="id")
        return lambda: (lambda found: (found.estimate, found.se))(fit())
    if task == "dcdh":
        columns = {"group": "id", "time": "t", "treatment": "d", "cluster": "id"}
        asked = {"dynamic": EFFECTS - 1, "placebo": PLACEBO_EFFECTS, "se_method": "analytic", "aggregation": "switchers"}
        fit = lambda: package.did_multiplegt_dyn(data, "y", **columns, **asked)
        return lambda: (lambda found: (found.estimate, found.se))(fit())
    boot = "boot" in task

    def run():
        found = package.callaway_santanna(
            data, "y", "g", "t", "id", x=["x"] if "-x" in task else None, estimator="dr", base_period="varying",
            bstrap=boot, biters=DRAWS, random_state=1, cband=boot,
        )  # fmt: skip
        package.aggte(found, type="dynamic", bstrap=boot, n_boot=DRAWS, cband=boot, random_state=1)
        return (lambda simple: (simple.estimate, simple.se))(package.aggte(found, type="simple", bstrap=False))

    return run


def pyfixest(task: str, data: pd.DataFrame):
    import pyfixest as package

    def run():
        found = package.did2s(data, yname="y", first_stage="~ 0 | id + t", second_stage="~ d", treatment="d", cluster="id")
        return float(found.coef().iloc[0]), float(found.se().iloc[0])

    return run


def port(task: str, data: pd.DataFrame):
    """The authors' own, in Python."""
    import polars
    from did_multiplegt_dyn import DidMultiplegtDyn

    data = polars.from_pandas(data)

    def run():
        model = DidMultiplegtDyn(df=data, outcome="y", group="id", time="t", treatment="d", effects=EFFECTS,
                                 placebo=PLACEBO_EFFECTS)  # fmt: skip
        model.fit()
        found = model.result["did_multiplegt_dyn"]["ATE"]
        return float(found["Estimate"].iloc[0]), float(found["SE"].iloc[0])

    return run


PEERS = {"py-did-multiplegt-dyn": port, "diff-diff": diff_diff, "csdid": csdid, "differences": differences, "statspai": statspai, "pyfixest": pyfixest}

if __name__ == "__main__":
    peer, task, file = sys.argv[1:4]
    run = PEERS[peer](task, pd.read_parquet(file))
    for _ in range(2):  # The first call compiles and fills caches; where it is slow, it is the only one.
        wall, cpu = time.perf_counter(), time.process_time()
        effect, error = run()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if wall > SLOW:
            break
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.flush()
    print(json.dumps({"estimate": float(effect), "std_error": float(error), "wall": wall, "cpu": cpu, "peak": peak}))
    os._exit(0)
