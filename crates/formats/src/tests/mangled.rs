//! What the fuzz targets do, bounded and deterministic: samples are mangled by a seeded generator and read.

use super::*;

/// A small generator (xorshift), the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % end.max(1)
    }
}

/// Pieces that parsers trip over.
const PIECES: [&[u8]; 20] = [
    b"\0",
    b"\xff",
    b"\"",
    b"'",
    b"<",
    b">",
    b"&",
    b"&#x0;",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"{",
    b"}",
    b"[",
    b"null",
    b"1e999",
    b"\\ud800",
    b"<!DOCTYPE a [",
    b",,,\n",
];

fn mangle(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        let end = (at + 1 + random.below(200)).min(bytes.len());
        match random.below(6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                if let Some(place) = bytes.get_mut(at) {
                    *place = u8::try_from(random.below(256)).unwrap();
                }
            }
            3 => {
                let part = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                drop(bytes.splice(to..to, part));
            }
            4 => {
                let piece = PIECES[random.below(PIECES.len())];
                drop(bytes.splice(at..at, piece.iter().copied()));
            }
            _ => {
                if let Some(place) = bytes.get_mut(at) {
                    *place ^= 1 << random.below(8);
                }
            }
        }
    }
}

/// How many bytes are read of each sample, over all rounds.
const BYTES: usize = 6_000_000;
/// The maximum number of rounds.
const ROUNDS: usize = 3_000;

fn mangled(name: &str, format: &str) {
    let whole = sample(name);
    let mut random = Random(0x5eed_0000 + whole.len() as u64);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..(BYTES / whole.len()).min(ROUNDS) {
        let mut bytes = whole.clone();
        mangle(&mut bytes, &mut random);
        match read(format, &bytes) {
            Ok(_) => taken += 1,
            Err(refusal) => {
                assert!(!refusal.what.is_empty());
                refused += 1;
            }
        }
        // The result of the detection does not matter, as long as there is one.
        drop(detect(&mut Cursor::new(&bytes)));
    }
    assert!(
        taken > 0 && refused > 0,
        "{name}: {taken} taken, {refused} refused"
    );
}

/// Formats without a test of their own below.
#[test]
fn the_sample_of_every_other_format_is_mangled() {
    for format in FORMATS.iter().filter(|format| !LISTED.contains(&format.name)) {
        mangled(format.sample, format.name);
    }
}

macro_rules! of {
    ($($test:ident: $sample:literal $format:ident),* $(,)?) => {
        const LISTED: &[&str] = &[$(stringify!($format)),*];
    $(
        #[test]
        fn $test() {
            mangled($sample, stringify!($format));
        }
    )*};
}

of! {
    trivy: "trivy.json" trivy,
    nuclei: "nuclei.jsonl" nuclei,
    semgrep: "semgrep.json" semgrep,
    grype: "grype.json" grype,
    cyclonedx: "cyclonedx.json" cyclonedx,
    cyclonedx_xml: "made/sbom.xml" cyclonedx,
    nessus: "made/nessus.nessus" nessus,
    openvas: "openvas.xml" openvas,
    zap: "zap.xml" zap,
    csv: "made/findings.csv" csv,
    sarif: "SuppressionTestCurrent.sarif" sarif,
}
