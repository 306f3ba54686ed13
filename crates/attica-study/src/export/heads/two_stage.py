

def two_stage(label, rows, outcome, unit, time, first, event, controls, weights, cluster, overall):
    """Gardner (2022); the effect is also that of Borusyak, Jaravel and Spiess (2024), whose error is another."""
    data = dated(rows, unit, time, first, event)
    # Units and periods without an untreated row cannot be imputed.
    while True:
        free = data[data["treated_"] == 0]
        kept = data[data[unit].isin(free[unit]) & data[time].isin(free[time])]
        if len(kept) == len(data):
            break
        data = kept
    data["treated_"] = data["treated_"].astype(bool)
    data["on_"] = data["treated_"].astype(float)
    fit = pf.did2s(data, yname=outcome, first_stage=f"~ {' + '.join(controls) or '0'} | {unit} + {time}",
                   second_stage="~ on_ - 1", treatment="treated_", cluster=cluster, weights=weights)
    near(f"{label}: overall", (float(fit.coef()["on_"]), float(fit.se()["on_"])), overall)
