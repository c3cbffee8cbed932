//! Figures of all rounds, their medians, and comparisons with the baselines.

use crate::server::Kind;

pub(crate) struct Report {
    figures: Vec<Figure>,
}

struct Figure {
    name: String,
    /// By server, one value per round.
    values: [Vec<f64>; Kind::ALL.len()],
}

impl Figure {
    fn of(&self, kind: Kind) -> &[f64] {
        &self.values[kind as usize]
    }

    /// The ratio of ours to another server's, by round.
    fn ratios(&self, to: Kind) -> Vec<f64> {
        let pairs = self.of(Kind::Ours).iter().zip(self.of(to));
        pairs.map(|(ours, other)| ours / other).collect()
    }
}

/// The required bound of a figure.
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Report {
    pub(crate) const fn new() -> Self {
        Self { figures: Vec::new() }
    }

    /// Records a figure of one server in one round.
    pub(crate) fn note(&mut self, kind: Kind, name: &str, value: f64) {
        let at = self.figures.iter().position(|figure| figure.name == name);
        let at = at.unwrap_or_else(|| {
            self.figures.push(Figure {
                name: name.to_owned(),
                values: Default::default(),
            });
            self.figures.len() - 1
        });
        self.figures[at].values[kind as usize].push(value);
    }

    /// Prints a table of everything recorded.
    pub(crate) fn print(&self) {
        let noted = |kind: &Kind| self.figures.iter().any(|figure| !figure.of(*kind).is_empty());
        let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(noted).collect();
        let others = || kinds.iter().filter(|kind| **kind != Kind::Ours);
        let names = kinds.iter().map(|kind| kind.name().to_owned());
        let against = others().map(|kind| format!("ours / {}", kind.name()));
        let heads: Vec<String> = names.chain(against).collect();
        println!("| figure | {} |", heads.join(" | "));
        println!("|---|{}", "---|".repeat(heads.len()));
        for figure in &self.figures {
            let values = kinds.iter().map(|kind| shown(figure.of(*kind)));
            let ratios = others().map(|kind| shown(&figure.ratios(*kind)));
            let cells: Vec<String> = values.chain(ratios).collect();
            println!("| {} | {} |", figure.name, cells.join(" | "));
        }
        println!();
    }

    /// Reports whether a figure of ours, or its ratio to another server's, is within its bound.
    pub(crate) fn hold(&self, name: &str, to: Option<Kind>, bound: &Bound) {
        let figure = self.figures.iter().find(|figure| figure.name == name);
        let Some(median) = figure.and_then(|figure| match to {
            Some(kind) => median(&figure.ratios(kind)),
            None => median(figure.of(Kind::Ours)),
        }) else {
            return;
        };
        let of = to.map_or(String::new(), |kind| format!(" to that of {}", kind.name()));
        let (words, limit, held) = match *bound {
            Bound::AtMost(limit) => ("at most", limit, median <= limit),
            Bound::AtLeast(limit) => ("at least", limit, median >= limit),
        };
        let verdict = if held { "reached" } else { "MISSED" };
        println!(
            "- {name}{of}: {} ({words} {}): {verdict}",
            number(median),
            number(limit)
        );
    }

    /// The median of one server's figure, formatted.
    pub(crate) fn median(&self, kind: Kind, name: &str) -> String {
        let figure = self.figures.iter().find(|figure| figure.name == name);
        let median = figure.and_then(|figure| median(figure.of(kind)));
        median.map_or("–".to_owned(), number)
    }
}

fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// The median and the range.
fn shown(values: &[f64]) -> String {
    let Some(median) = median(values) else {
        return "–".to_owned();
    };
    if values.len() == 1 {
        return number(median);
    }
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{} ({} to {})", number(median), number(least), number(most))
}

/// With as many digits as are significant.
fn number(value: f64) -> String {
    match value.abs() {
        size if !size.is_finite() => "–".to_owned(),
        0.0 => "0".to_owned(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
