

def callaway_santanna(label, rows, outcome, unit, time, first, event, controls, weights, cluster, group, overall):
    """Callaway and Sant'Anna (2021), doubly robust, by the package csdid."""
    try:
        from csdid.att_gt import ATTgt
    except ImportError:
        SKIPPED.append(f"{label}: the package csdid is not installed")
        return
    data = dated(rows, unit, time, first, event)
    clusters = None if cluster == unit else [unit, cluster]
    # It prints as it goes, and warns of small cohorts.
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = ATTgt(yname=outcome, gname="cohort_", idname=unit, tname=time, data=data, control_group=[group],
                      xformla=f"{outcome} ~ {' + '.join(controls) or '1'}", weights_name=weights,
                      allow_unbalanced_panel=False, clustervar=clusters)
        mean = found.fit(est_method="dr", bstrap=False).aggte("group", bstrap=False, cband=False, na_rm=True).atte
    near(f"{label}: overall", (mean["overall_att"], float(np.squeeze(mean["overall_se"]))), overall)
