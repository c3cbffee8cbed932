//! Sees to it that the console's folder is there to embed, and that a new console is a new binary.

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=../../console/dist");
    std::fs::create_dir_all("../../console/dist")
}
