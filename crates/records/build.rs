//! Lists the migrations: a new file in `migrations/` is a new step, in the order of the names.

use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=migrations");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("migrations");
    let mut steps = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "sql") {
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let path = path.to_string_lossy();
            steps.push(format!("({name:?}, include_str!({path:?})),\n"));
        }
    }
    steps.sort_unstable();
    let list = Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("migrations.rs");
    fs::write(list, format!("&[\n{}]\n", steps.concat()))
}
