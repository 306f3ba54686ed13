

def extended(label, rows, outcome, unit, time, first, event, weights, cluster, words, overall, by_time):
    """Wooldridge (2021): an effect per cohort and treated period, averaged over treated rows."""
    data = dated(rows, unit, time, first, event)
    pairs = sorted(set(zip(data.loc[data["treated_"] == 1, "cohort_"], data.loc[data["treated_"] == 1, time])))
    cells = [(data["cohort_"] == g) & (data[time] == t) for g, t in pairs]
    events = np.array([data.loc[cell, "event_"].iloc[0] for cell in cells])
    effects, covariance, mass = saturated(data, outcome, unit, time, [], weights, cluster, cells, words)
    near(f"{label}: overall", averaged(effects, covariance, mass, mass > 0), overall)
    for k, printed in by_time.items():
        near(f"{label}: event time {k}", averaged(effects, covariance, mass, events == k), printed)
