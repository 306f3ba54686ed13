import contextlib
import io
import math
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyfixest as pf

warnings.filterwarnings("ignore", category=FutureWarning)
# From pandas 3 on it is the default to read numbers back as they were written; before, it must be asked for.
warnings.filterwarnings("ignore", message=".*float_precision.*")
HERE = Path(__file__).resolve().parent
FAILED = []
SKIPPED = []
CHECKED = 0
WORST = {"coefficient": 0.0, "standard error": 0.0}
EXACT = pf.MapDemeaner(fixef_tol=1e-13, fixef_maxiter=1_000_000)


def check(label, kind, found, printed, scale, tolerance):
    """Compares a number with the one that Attica printed, relative to `scale`."""
    global CHECKED
    CHECKED += 1
    distance = abs(found - printed) / scale if scale > 0 else abs(found - printed)
    if kind in WORST and tolerance <= STD_ERROR:
        WORST[kind] = max(WORST[kind], distance)
    if not distance <= tolerance:
        FAILED.append(f"{label}: {kind} {found!r}, Attica printed {printed!r}")


def check_pair(label, found, printed, tolerance=(COEFFICIENT, STD_ERROR)):
    """An estimate and its standard error, (estimate, error) both; None is not compared."""
    estimate, error = printed
    check(label, "coefficient", found[0], estimate, max(abs(estimate), error or 0.0), tolerance[0])
    if error is not None and found[1] is not None:
        check(label, "standard error", found[1], error, error, tolerance[1])


def parameters(data, formula, regressors, effects, clusters, rule):
    """K of the small-sample factor, counted here and not by the package: its default depends on the order of a set."""
    levels = {effect: data[effect].nunique() for effect in effects}
    nested = {
        effect
        for effect in effects
        for cluster in clusters
        if data.groupby(effect)[cluster].nunique().max() == 1
    }
    if not effects or rule == "none":
        return regressors
    counted = regressors + sum(levels.values()) - (len(effects) - 1)
    if rule == "nonnested":
        counted -= sum(levels[effect] - 1 for effect in nested)
    return counted


def factor(data, k, clusters, words):
    """What the sandwich is multiplied with: the words of Attica's SE card, with N, K and G counted here."""
    n = len(data)
    g = min((data[cluster].nunique() for cluster in clusters), default=2)
    pieces = {"1": 1.0, "G/(G-1)": g / (g - 1), "(N-1)/(N-K)": (n - 1) / (n - k), "N/(N-K)": n / (n - k)}
    return math.prod(pieces[piece] for piece in words.split(" * "))


def regress(label, formula, data, printed, n, clusters=(), errors="cluster", weights=None, effects=(),
            rule="nonnested", card=("1", 0)):
    """Runs a regression in pyfixest and compares it with what Attica printed; `card` is its factor and K."""
    if errors == "cluster":
        vcov = {"CRV1": " + ".join(clusters)}
    else:
        vcov = "HC1" if errors == "HC1" else "iid"
    fit = pf.feols(formula, data, vcov=vcov, weights=weights, demeaner=EXACT, fixef_rm="none",
                   ssc=pf.ssc(k_adj=False, G_adj=False))
    coefficients, raw = fit.coef(), fit.se()
    words, counted = card
    k = parameters(data, formula, len(coefficients), effects, clusters, rule) if rule else counted
    check(label, "N", len(data), n, 1, 0)
    scale = factor(data, k, clusters, words)
    if errors == "iid":
        # The package divides squared residuals by N - 1 where the factor expects N.
        scale *= (len(data) - 1) / len(data)
    for name, pair in printed.items():
        if errors == "other":
            pair = (pair[0], None)
        check_pair(f"{label}: {name}", (coefficients[name], raw[name] * math.sqrt(scale)), pair)
    return fit


def summary(name, printed):
    """Mean, standard deviation, minimum, median, maximum."""
    column = DATA[name].dropna()
    found = (column.mean(), column.std(), column.min(), column.median(), column.max())
    check(f"{name}: rows", "N", len(column), printed[0], 1, 0)
    for kind, value, expected in zip(("mean", "sd", "minimum", "median", "maximum"), found, printed[1:]):
        if expected is not None:
            check(name, kind, value, expected, max(abs(expected), 1e-300), 1e-10)
