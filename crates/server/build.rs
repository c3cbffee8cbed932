//! Makes sure that the console's folder exists for embedding, and that a new console causes a new build.

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=../../console/dist");
    std::fs::create_dir_all("../../console/dist")
}
