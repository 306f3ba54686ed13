

def near(label, found, printed):
    """Compares with a wider tolerance: the other implementation iterates or differentiates numerically."""
    check_pair(label, found, printed, (STAGGERED, STAGGERED))


def dated(rows, unit, time, first, event):
    """Complete rows, with never-treated units as 0."""
    data = DATA[DATA[rows] == 1].copy()
    data["cohort_"] = data[first].fillna(0.0)
    data["event_"] = data[event]
    data["treated_"] = ((data["cohort_"] > 0) & (data[time] >= data["cohort_"])).astype(float)
    return data


def saturated(data, outcome, unit, time, controls, weights, cluster, cells, words):
    """A two-way regression with a dummy per cell; effects, covariance and the weight of each cell."""
    names = []
    columns = {}
    for at, cell in enumerate(cells):
        names.append(f"cell_{at}_")
        columns[names[-1]] = cell.astype(float)
    data = pd.concat([data, pd.DataFrame(columns, index=data.index)], axis=1)
    formula = f"{outcome} ~ {' + '.join(names + controls)} | {unit} + {time}"
    fit = pf.feols(formula, data, vcov={"CRV1": cluster}, weights=weights, demeaner=EXACT, fixef_rm="singleton",
                   ssc=pf.ssc(k_adj=False, G_adj=False))
    coefficients = fit.coef()
    k = parameters(data, formula, len(coefficients), (unit, time), (cluster,), "nonnested")
    scale = factor(data, k, (cluster,), words)
    places = [list(coefficients.index).index(name) for name in names]
    mass = data[weights] if weights else pd.Series(1.0, index=data.index)
    return (coefficients.to_numpy()[places], scale * np.asarray(fit._vcov)[np.ix_(places, places)],
            np.array([mass[cell].sum() for cell in cells]))


def averaged(effects, covariance, mass, chosen):
    """The mean of some effects by the weight of their cells, and its error."""
    share = np.where(chosen, mass, 0.0)
    share = share / share.sum()
    return float(share @ effects), float(np.sqrt(share @ covariance @ share))
