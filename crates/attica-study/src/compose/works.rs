//! Works that methods come from, in the order of their keys.

/// What a work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In a journal.
    Article,
    /// A book.
    Book,
    /// A working paper.
    Paper,
}

/// One work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Key in BibTeX.
    pub key: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Family name and initials (`P. H. C.`); a Chinese name is whole in the first.
    pub authors: &'static [(&'static str, &'static str)],
    /// Title.
    pub title: &'static str,
    /// Journal; place and publisher of a book; series of a working paper.
    pub container: &'static str,
    /// Year.
    pub year: u16,
    /// Volume, or empty.
    pub volume: &'static str,
    /// Issue, or empty.
    pub number: &'static str,
    /// Pages with a hyphen, or empty.
    pub pages: &'static str,
}

macro_rules! works {
    ($($key:ident $kind:ident $authors:expr, $title:literal, $container:literal, $year:literal, $volume:literal, $number:literal, $pages:literal;)*) => {
        &[$(Work {
            key: stringify!($key),
            kind: Kind::$kind,
            authors: &$authors,
            title: $title,
            container: $container,
            year: $year,
            volume: $volume,
            number: $number,
            pages: $pages,
        }),*]
    };
}

/// The registry.
pub const WORKS: &[Work] = works! {
    arkhangelsky2021 Article [("Arkhangelsky", "D."), ("Athey", "S."), ("Hirshberg", "D. A."), ("Imbens", "G. W."), ("Wager", "S.")],
        "Synthetic difference-in-differences", "American Economic Review", 2021, "111", "12", "4088-4118";
    baron1986 Article [("Baron", "R. M."), ("Kenny", "D. A.")],
        "The moderator-mediator variable distinction in social psychological research: conceptual, strategic, and statistical considerations",
        "Journal of Personality and Social Psychology", 1986, "51", "6", "1173-1182";
    bell2002 Article [("Bell", "R. M."), ("McCaffrey", "D. F.")],
        "Bias reduction in standard errors for linear regression with multi-stage samples", "Survey Methodology", 2002, "28", "2", "169-181";
    borusyak2024 Article [("Borusyak", "K."), ("Jaravel", "X."), ("Spiess", "J.")],
        "Revisiting event-study designs: robust and efficient estimation", "Review of Economic Studies", 2024, "91", "6", "3253-3285";
    callaway2021 Article [("Callaway", "B."), ("Sant'Anna", "P. H. C.")],
        "Difference-in-differences with multiple time periods", "Journal of Econometrics", 2021, "225", "2", "200-230";
    cameron2008 Article [("Cameron", "A. C."), ("Gelbach", "J. B."), ("Miller", "D. L.")],
        "Bootstrap-based improvements for inference with clustered errors", "Review of Economics and Statistics", 2008, "90", "3", "414-427";
    cameron2011 Article [("Cameron", "A. C."), ("Gelbach", "J. B."), ("Miller", "D. L.")],
        "Robust inference with multiway clustering", "Journal of Business and Economic Statistics", 2011, "29", "2", "238-249";
    conley1999 Article [("Conley", "T. G.")],
        "GMM estimation with cross sectional dependence", "Journal of Econometrics", 1999, "92", "1", "1-45";
    dechaisemartin2020 Article [("de Chaisemartin", "C."), ("D'Haultfœuille", "X.")],
        "Two-way fixed effects estimators with heterogeneous treatment effects", "American Economic Review", 2020, "110", "9", "2964-2996";
    dechaisemartin2024 Article [("de Chaisemartin", "C."), ("D'Haultfœuille", "X.")],
        "Difference-in-differences estimators of intertemporal treatment effects", "Review of Economics and Statistics", 2024, "", "", "";
    driscoll1998 Article [("Driscoll", "J. C."), ("Kraay", "A. C.")],
        "Consistent covariance matrix estimation with spatially dependent panel data", "Review of Economics and Statistics", 1998, "80", "4", "549-560";
    dube2025 Article [("Dube", "A."), ("Girardi", "D."), ("Jordà", "Ò."), ("Taylor", "A. M.")],
        "A local projections approach to difference-in-differences", "Journal of Applied Econometrics", 2025, "40", "5", "741-758";
    fisher1935 Book [("Fisher", "R. A.")],
        "The design of experiments", "Edinburgh: Oliver and Boyd", 1935, "", "", "";
    gardner2022 Paper [("Gardner", "J.")],
        "Two-stage differences in differences", "arXiv:2207.05943", 2022, "", "", "";
    goodman_bacon2021 Article [("Goodman-Bacon", "A.")],
        "Difference-in-differences with variation in treatment timing", "Journal of Econometrics", 2021, "225", "2", "254-277";
    hainmueller2012 Article [("Hainmueller", "J.")],
        "Entropy balancing for causal effects: a multivariate reweighting method to produce balanced samples in observational studies",
        "Political Analysis", 2012, "20", "1", "25-46";
    heckman1997 Article [("Heckman", "J. J."), ("Ichimura", "H."), ("Todd", "P. E.")],
        "Matching as an econometric evaluation estimator: evidence from evaluating a job training programme",
        "Review of Economic Studies", 1997, "64", "4", "605-654";
    holm1979 Article [("Holm", "S.")],
        "A simple sequentially rejective multiple test procedure", "Scandinavian Journal of Statistics", 1979, "6", "2", "65-70";
    hwang1981 Book [("Hwang", "C. L."), ("Yoon", "K.")],
        "Multiple attribute decision making: methods and applications", "Berlin: Springer", 1981, "", "", "";
    jiang2022 Article [("江艇", "")],
        "因果推断经验研究中的中介效应与调节效应", "中国工业经济", 2022, "", "5", "100-120";
    liang1986 Article [("Liang", "K. Y."), ("Zeger", "S. L.")],
        "Longitudinal data analysis using generalized linear models", "Biometrika", 1986, "73", "1", "13-22";
    mackinnon1985 Article [("MacKinnon", "J. G."), ("White", "H.")],
        "Some heteroskedasticity-consistent covariance matrix estimators with improved finite sample properties", "Journal of Econometrics", 1985, "29", "3", "305-325";
    mackinnon2023 Article [("MacKinnon", "J. G."), ("Nielsen", "M. Ø."), ("Webb", "M. D.")],
        "Cluster-robust inference: a guide to empirical practice", "Journal of Econometrics", 2023, "232", "2", "272-299";
    montiel2019 Article [("Montiel Olea", "J. L."), ("Plagborg-Møller", "M.")],
        "Simultaneous confidence bands: theory, implementation, and an application to SVARs", "Journal of Applied Econometrics", 2019, "34", "1", "1-17";
    newey1987 Article [("Newey", "W. K."), ("West", "K. D.")],
        "A simple, positive semi-definite, heteroskedasticity and autocorrelation consistent covariance matrix", "Econometrica", 1987, "55", "3", "703-708";
    phipson2010 Article [("Phipson", "B."), ("Smyth", "G. K.")],
        "Permutation p-values should never be zero: calculating exact p-values when permutations are randomly drawn",
        "Statistical Applications in Genetics and Molecular Biology", 2010, "9", "1", "";
    rambachan2023 Article [("Rambachan", "A."), ("Roth", "J.")],
        "A more credible approach to parallel trends", "Review of Economic Studies", 2023, "90", "5", "2555-2591";
    romano2005 Article [("Romano", "J. P."), ("Wolf", "M.")],
        "Stepwise multiple testing as formalized data snooping", "Econometrica", 2005, "73", "4", "1237-1282";
    rosenbaum1983 Article [("Rosenbaum", "P. R."), ("Rubin", "D. B.")],
        "The central role of the propensity score in observational studies for causal effects", "Biometrika", 1983, "70", "1", "41-55";
    roth2022 Article [("Roth", "J.")],
        "Pretest with caution: event-study estimates after testing for parallel trends", "American Economic Review: Insights", 2022, "4", "3", "305-322";
    roth2024 Paper [("Roth", "J.")],
        "Interpreting event-studies from recent difference-in-differences methods", "arXiv:2401.12309", 2024, "", "", "";
    rubin1980 Article [("Rubin", "D. B.")],
        "Bias reduction using Mahalanobis-metric matching", "Biometrics", 1980, "36", "2", "293-298";
    rubin2001 Article [("Rubin", "D. B.")],
        "Using propensity scores to help design observational studies: application to the tobacco litigation",
        "Health Services and Outcomes Research Methodology", 2001, "2", "3-4", "169-188";
    shannon1948 Article [("Shannon", "C. E.")],
        "A mathematical theory of communication", "Bell System Technical Journal", 1948, "27", "3", "379-423";
    simonsohn2020 Article [("Simonsohn", "U."), ("Simmons", "J. P."), ("Nelson", "L. D.")],
        "Specification curve analysis", "Nature Human Behaviour", 2020, "4", "11", "1208-1214";
    sun2021 Article [("Sun", "L."), ("Abraham", "S.")],
        "Estimating dynamic treatment effects in event studies with heterogeneous treatment effects", "Journal of Econometrics", 2021, "225", "2", "175-199";
    wing2024 Paper [("Wing", "C."), ("Freedman", "S. M."), ("Hollingsworth", "A.")],
        "Stacked difference-in-differences", "NBER Working Paper 32054", 2024, "", "", "";
    wooldridge2025 Article [("Wooldridge", "J. M.")],
        "Two-way fixed effects, the two-way Mundlak regression, and difference-in-differences estimators", "Empirical Economics", 2025, "69", "5", "2545-2587";
};
