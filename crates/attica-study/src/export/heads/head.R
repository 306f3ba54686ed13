if (!requireNamespace("fixest", quietly = TRUE) || packageVersion("fixest") < "0.13.0")
  stop("needs fixest 0.13 or newer: install.packages(\"fixest\")")
library(fixest)
setFixest_notes(FALSE)

arguments <- commandArgs(trailingOnly = FALSE)
script <- sub("^--file=", "", grep("^--file=", arguments, value = TRUE))
here <- if (length(script) == 1) dirname(script) else "."
state <- new.env()
state$checked <- 0
state$differs <- character()
state$skipped <- character()

# Compares a number with the one that Attica printed, relative to `scale`.
check <- function(label, kind, found, printed, scale, tolerance) {
  state$checked <- state$checked + 1
  distance <- abs(found - printed) / ifelse(scale > 0, scale, 1)
  if (!isTRUE(distance <= tolerance))
    state$differs <- c(state$differs, sprintf("%s: %s %.17g, Attica printed %.17g", label, kind, found, printed))
}

# An estimate and its standard error, c(estimate, error) both; NA is not compared.
check_pair <- function(label, found, printed, tolerance = c(COEFFICIENT, STD_ERROR)) {
  check(label, "coefficient", found[1], printed[1], max(abs(printed), na.rm = TRUE), tolerance[1])
  if (!is.na(printed[2]) && !is.na(found[2]))
    check(label, "standard error", found[2], printed[2], printed[2], tolerance[2])
}

# Runs a regression in fixest and compares it with what Attica printed. `factor` is set where the small-sample rule is
# not one of fixest's own: the sandwich is then multiplied here.
regress <- function(label, formula, data, printed, n, vcov, weights = NULL, rule = ssc(), factor = 1, errors = TRUE) {
  fit <- feols(formula, data, vcov = vcov, weights = weights, ssc = rule, fixef.rm = "none", fixef.tol = 1e-12,
               fixef.iter = 1000000)
  check(label, "N", nobs(fit), n, 1, 0)
  for (name in names(printed)) {
    pair <- if (errors) printed[[name]] else c(printed[[name]][1], NA)
    check_pair(paste0(label, ": ", name), c(coef(fit)[[name]], se(fit)[[name]] * sqrt(factor)), pair)
  }
  invisible(fit)
}

# Mean, standard deviation, minimum, median, maximum.
summarise <- function(name, printed) {
  column <- DATA[[name]][!is.na(DATA[[name]])]
  found <- c(length(column), mean(column), sd(column), min(column), median(column), max(column))
  for (i in seq_along(found))
    if (!is.na(printed[i])) check(name, "summary", found[i], printed[i], max(abs(printed[i]), 1e-300), 1e-10)
}

# An estimator of a package that may not be there.
staggered <- function(package, label, printed, estimate) {
  if (!requireNamespace(package, quietly = TRUE)) {
    state$skipped <- c(state$skipped, sprintf("%s: the package %s is not installed", label, package))
    return(invisible())
  }
  check_pair(label, estimate(), printed, c(STAGGERED, STAGGERED))
}
