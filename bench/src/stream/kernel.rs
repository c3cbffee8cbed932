//! The kernel's memory for sockets.

use std::{collections::HashSet, process::Command};

/// Unsent bytes on the server's side of these connections, identified by the clients' ports. None
/// if `ss` (iproute2) is not available.
pub(crate) fn send_memory(server: u16, clients: &[u16]) -> Option<f64> {
    let clients: HashSet<u16> = clients.iter().copied().collect();
    let output = Command::new("ss")
        .args(["-tmnHO", &format!("sport = :{server}")])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let queued = text.lines().filter_map(|line| {
        let peer = line.split_whitespace().nth(4)?.rsplit_once(':')?.1;
        clients.contains(&peer.parse().ok()?).then_some(())?;
        let memory = line.split_once("skmem:(")?.1;
        memory
            .split(',')
            .find_map(|part| part.strip_prefix('w'))?
            .parse::<f64>()
            .ok()
    });
    Some(queued.sum())
}
