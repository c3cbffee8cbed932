//! What the system reports about processes.

use std::os::unix::process::CommandExt;

/// Set for the process restarted with more descriptors.
const RAISED: &str = "BENCH_STREAM_RAISED";

/// User and system time of these processes so far, in seconds.
pub(crate) fn cpu_seconds(pids: &[u32]) -> f64 {
    pids.iter().map(|pid| ticks(*pid) / 100.0).sum()
}

fn ticks(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = stat_fields(&stat);
    fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()
}

/// The fields after the name, which may contain anything.
fn stat_fields(stat: &str) -> Vec<&str> {
    stat.rsplit_once(')').unwrap().1.split_whitespace().collect()
}

/// The resident memory of these processes, in KB. Shared pages count proportionally.
pub(crate) fn memory_kb(pids: &[u32]) -> f64 {
    let of = |pid: &u32| {
        let maps = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
        let line = maps.lines().find(|line| line.starts_with("Pss:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap()
    };
    pids.iter().map(of).sum()
}

/// How many descriptors these processes have open.
pub(crate) fn descriptors(pids: &[u32]) -> usize {
    let of = |pid: &u32| std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    pids.iter().map(of).sum()
}

/// The child processes of this one.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap();
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            !stat.is_empty() && stat_fields(&stat)[1] == parent.to_string()
        })
        .collect()
}

/// Makes sure that this many descriptors may be open: restarts this program with the hard limit if only that is
/// enough.
pub(crate) fn allow_descriptors(needed: usize) -> Result<(), String> {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    let mut numbers = line
        .split_whitespace()
        .skip(3)
        .map(|text| text.parse().unwrap_or(usize::MAX));
    let (soft, hard) = (numbers.next().unwrap(), numbers.next().unwrap());
    if soft >= needed {
        return Ok(());
    }
    if hard < needed || std::env::var_os(RAISED).is_some() {
        return Err(format!(
            "{needed} descriptors are needed, but only {hard} are allowed: raise `ulimit -n`"
        ));
    }
    let error = std::process::Command::new("sh")
        .args(["-c", "ulimit -n \"$(ulimit -Hn)\" && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(std::env::args_os().skip(1))
        .env(RAISED, "1")
        .exec();
    Err(format!(
        "the program could not be restarted with more descriptors: {error}"
    ))
}
