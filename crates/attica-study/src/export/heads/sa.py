

def sun_abraham(label, rows, outcome, unit, time, first, event, controls, weights, cluster, words, overall, by_time):
    """Sun and Abraham (2021): an effect per cohort and event time but -1, averaged by shares of rows."""
    data = dated(rows, unit, time, first, event)
    seen = data.loc[data["event_"] == -1, "cohort_"].unique()
    data = data[(data["cohort_"] == 0) | data["cohort_"].isin(seen)]
    pairs = sorted({(g, k) for g, k in zip(data["cohort_"], data["event_"]) if g > 0 and k != -1})
    cells = [(data["cohort_"] == g) & (data["event_"] == k) for g, k in pairs]
    effects, covariance, mass = saturated(data, outcome, unit, time, controls, weights, cluster, cells, words)
    times = np.array([k for _, k in pairs])
    near(f"{label}: overall", averaged(effects, covariance, mass, times >= 0), overall)
    for k, printed in by_time.items():
        near(f"{label}: event time {k}", averaged(effects, covariance, mass, times == k), printed)
