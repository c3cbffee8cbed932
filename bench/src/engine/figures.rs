//! The figures: CPU seconds, memory, the median and the range of the measurements.

use std::time::{Duration, Instant};

/// Time and CPU seconds since it was started.
pub(crate) struct Meter {
    postmaster: Option<u32>,
    began: Instant,
    cpu: f64,
}

impl Meter {
    /// Starts; includes the processes of this PostgreSQL server.
    pub(crate) fn start(postmaster: Option<u32>) -> Self {
        Self {
            postmaster,
            began: Instant::now(),
            cpu: cpu_seconds(postmaster),
        }
    }

    /// The rate per second, and CPU seconds for 1,000 of them.
    pub(crate) fn read(&self, count: u64) -> Rate {
        let cpu = cpu_seconds(self.postmaster) - self.cpu;
        Rate {
            a_second: count as f64 / self.began.elapsed().as_secs_f64(),
            cpu_per_thousand: cpu * 1000.0 / count as f64,
        }
    }
}

/// A rate and its CPU cost.
#[derive(Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) a_second: f64,
    pub(crate) cpu_per_thousand: f64,
}

/// Rates of several rounds on one line: the median of each and its range.
pub(crate) fn rates(rates: &[Rate]) -> String {
    format!(
        "{}/s, {} CPU s per 1,000",
        spread(rates.iter().map(|rate| rate.a_second), 0),
        spread(rates.iter().map(|rate| rate.cpu_per_thousand), 3)
    )
}

/// The median and the range.
pub(crate) fn spread(values: impl IntoIterator<Item = f64>, digits: usize) -> String {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let (Some(least), Some(most)) = (values.first(), values.last()) else {
        return "nothing".to_owned();
    };
    format!(
        "{:.digits$} ({least:.digits$} to {most:.digits$})",
        values[values.len() / 2]
    )
}

/// The ratio of each pair.
pub(crate) fn ratios(ours: &[Rate], theirs: &[Rate]) -> Vec<f64> {
    let pairs = ours.iter().zip(theirs);
    pairs
        .map(|(ours, theirs)| ours.a_second / theirs.a_second)
        .collect()
}

/// A set of durations.
#[derive(Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The quantile in milliseconds: this share took no longer.
    pub(crate) fn within(&self, share: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index within the list"
        )]
        let at = ((self.0.len() as f64 * share) as usize).min(self.0.len().saturating_sub(1));
        self.0.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    }

    pub(crate) fn median(&self) -> f64 {
        self.within(0.5)
    }

    pub(crate) fn p99(&self) -> f64 {
        self.within(0.99)
    }
}

/// User and system time of this process and of a PostgreSQL server.
fn cpu_seconds(postmaster: Option<u32>) -> f64 {
    let own = ticks(std::process::id()).map_or(0.0, |ticks| ticks.alone);
    let theirs = postmaster.map_or(0.0, server_ticks);
    (own + theirs) / 100.0
}

/// The server's first process with its ended children, and its live children.
fn server_ticks(postmaster: u32) -> f64 {
    let first = ticks(postmaster).map_or(0.0, |ticks| ticks.alone + ticks.ended_children);
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let children = processes
        .filter_map(|process| ticks(process.file_name().to_str()?.parse().ok()?))
        .filter(|ticks| ticks.parent == postmaster)
        .map(|ticks| ticks.alone);
    first + children.sum::<f64>()
}

struct Ticks {
    parent: u32,
    alone: f64,
    ended_children: f64,
}

/// From /proc/PID/stat: field 4, and fields 14 to 17 in 1/100 s.
fn ticks(process: u32) -> Option<Ticks> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some(Ticks {
        parent: fields.get(1)?.parse().ok()?,
        alone: number(11)? + number(12)?,
        ended_children: number(13)? + number(14)?,
    })
}

/// Resident memory of this process in MiB.
pub(crate) fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kb.unwrap_or(f64::NAN) / 1024.0
}
