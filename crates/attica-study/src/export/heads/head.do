version 16
clear all
set more off
* Under names that no column has, and with scalar() around them: columns come first otherwise.
scalar attica_checked = 0
scalar attica_differs = 0

foreach command in ftools reghdfe {
    capture which `command'
    if _rc {
        display as error "needs reghdfe: ssc install ftools, then ssc install reghdfe"
        exit 111
    }
}

* Compares a number with the one that Attica printed, relative to scale.
capture program drop attica_check
program define attica_check
    args label found printed scale tolerance
    scalar attica_checked = scalar(attica_checked) + 1
    if !(abs((`found') - (`printed')) <= (`tolerance') * (`scale')) {
        scalar attica_differs = scalar(attica_differs) + 1
        display as error "differs: `label': " %21.0g (`found') ", Attica printed " %21.0g (`printed')
    }
end

* An estimate and its standard error; a missing value is not compared.
capture program drop attica_pair
program define attica_pair
    args label found error printed printed_error tolerance error_tolerance
    attica_check "`label': coefficient" "`found'" "`printed'" "max(abs(`printed'), cond(missing(`printed_error'), 0, `printed_error'))" "`tolerance'"
    if !missing(`printed_error') & !missing(`error') {
        attica_check "`label': standard error" "`error'" "`printed_error'" "`printed_error'" "`error_tolerance'"
    }
end

* Mean, standard deviation, minimum, median, maximum.
capture program drop attica_summary
program define attica_summary
    args variable n mean sd min median max
    quietly summarize `variable', detail
    attica_check "`variable': rows" "r(N)" "`n'" "1" "0"
    attica_check "`variable': mean" "r(mean)" "`mean'" "max(abs(`mean'), 1e-300)" "1e-10"
    if !missing(`sd') {
        attica_check "`variable': sd" "r(sd)" "`sd'" "max(abs(`sd'), 1e-300)" "1e-10"
    }
    attica_check "`variable': minimum" "r(min)" "`min'" "max(abs(`min'), 1e-300)" "1e-10"
    attica_check "`variable': median" "r(p50)" "`median'" "max(abs(`median'), 1e-300)" "1e-10"
    attica_check "`variable': maximum" "r(max)" "`max'" "max(abs(`max'), 1e-300)" "1e-10"
end

* True when a command of an estimator is installed.
capture program drop attica_has
program define attica_has, rclass
    args command label
    capture which `command'
    return scalar yes = (_rc == 0)
    if _rc {
        display "not compared: `label': the command `command' is not installed"
    }
end
