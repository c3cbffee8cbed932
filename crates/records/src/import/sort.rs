//! Sorts more entries than memory should hold: sorted runs in temporary files, merged.
//!
//! Owns: [`Sorter`] and [`Item`], what is sorted. Must not: know what a match is.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, Write},
    path::{Path, PathBuf},
};

use formats::{Identity, Old};

/// How many entries are sorted in memory at once.
const RUN: usize = 8_192;

/// An entry of a scan report, as far as matching needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// The target it belongs to.
    pub(super) target: u32,
    /// Its index in the scan report.
    pub(super) index: u32,
    /// What it is recognised by.
    pub(super) identity: Identity,
    /// What versions before 0.2 recognised it by.
    pub(super) old: Old,
}

impl Item {
    fn key(&self) -> (u32, u128, u32) {
        (self.target, self.identity.group, self.index)
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let text = self.identity.to_text();
        let length = u32::try_from(text.len()).map_err(io::Error::other)?;
        out.write_all(&self.target.to_le_bytes())?;
        out.write_all(&self.index.to_le_bytes())?;
        out.write_all(&self.identity.group.to_le_bytes())?;
        out.write_all(&self.identity.whole.to_le_bytes())?;
        out.write_all(&self.old.print.to_le_bytes())?;
        out.write_all(&self.old.line.to_le_bytes())?;
        out.write_all(&self.old.column.to_le_bytes())?;
        out.write_all(&self.old.detail.to_le_bytes())?;
        out.write_all(&length.to_le_bytes())?;
        out.write_all(text.as_bytes())
    }

    /// The next item of a run; none at its end.
    fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut first = [0; 4];
        if let Err(error) = from.read_exact(&mut first) {
            return if error.kind() == io::ErrorKind::UnexpectedEof {
                Ok(None)
            } else {
                Err(error)
            };
        }
        let target = u32::from_le_bytes(first);
        let index = u32::from_le_bytes(bytes(from)?);
        let group = u128::from_le_bytes(bytes(from)?);
        let whole = u64::from_le_bytes(bytes(from)?);
        let old = Old {
            print: u128::from_le_bytes(bytes(from)?),
            line: u32::from_le_bytes(bytes(from)?),
            column: u32::from_le_bytes(bytes(from)?),
            detail: u64::from_le_bytes(bytes(from)?),
        };
        let length = u32::from_le_bytes(bytes(from)?) as usize;
        let mut text = String::with_capacity(length);
        from.take(length as u64).read_to_string(&mut text)?;
        let identity = Identity::from_text(group, &text).ok_or_else(|| io::Error::other("a broken run"))?;
        Ok(Some(Self {
            target,
            index,
            identity: Identity { whole, ..identity },
            old,
        }))
    }
}

fn bytes<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Takes items in any order and returns them by target and group.
pub(super) struct Sorter {
    folder: PathBuf,
    items: Vec<Item>,
    runs: Vec<File>,
}

impl Sorter {
    /// A sorter whose runs are files without names in this folder.
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            items: Vec::new(),
            runs: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, item: Item) -> io::Result<()> {
        self.items.push(item);
        if self.items.len() == RUN {
            self.spill()
        } else {
            Ok(())
        }
    }

    fn spill(&mut self) -> io::Result<()> {
        self.items.sort_unstable_by_key(Item::key);
        let mut out = BufWriter::new(tempfile::tempfile_in(&self.folder)?);
        for item in self.items.drain(..) {
            item.write(&mut out)?;
        }
        let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.runs.push(file);
        Ok(())
    }

    /// All items, sorted.
    pub(super) fn sorted(mut self) -> io::Result<Sorted> {
        self.items.sort_unstable_by_key(Item::key);
        let mut sorted = Sorted {
            heads: BinaryHeap::new(),
            runs: self.runs.into_iter().map(BufReader::new).collect(),
            last: self.items.into_iter(),
        };
        for run in 0..=sorted.runs.len() {
            sorted.refill(run)?;
        }
        Ok(sorted)
    }
}

/// The head of a run; ordered by the key alone, which no two items share.
struct Head(Item, usize);

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.0.key() == other.0.key()
    }
}

impl Eq for Head {}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.key().cmp(&other.0.key())
    }
}

/// Items by target and group.
pub(super) struct Sorted {
    heads: BinaryHeap<Reverse<Head>>,
    runs: Vec<BufReader<File>>,
    /// The run that was not written to a file.
    last: std::vec::IntoIter<Item>,
}

impl Sorted {
    fn refill(&mut self, run: usize) -> io::Result<()> {
        let next = match self.runs.get_mut(run) {
            Some(file) => Item::read(file)?,
            None => self.last.next(),
        };
        self.heads.extend(next.map(|item| Reverse(Head(item, run))));
        Ok(())
    }

    /// The target and the group of the next item.
    pub(super) fn peek(&self) -> Option<(u32, u128)> {
        self.heads
            .peek()
            .map(|Reverse(Head(item, _))| (item.target, item.identity.group))
    }

    /// All items of the next group.
    pub(super) fn group(&mut self) -> io::Result<Vec<Item>> {
        let mut group = Vec::new();
        let key = self.peek();
        while key.is_some() && self.peek() == key {
            let Some(Reverse(Head(item, run))) = self.heads.pop() else {
                break;
            };
            group.push(item);
            self.refill(run)?;
        }
        Ok(group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_items_comes_back_in_groups() {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::new(folder.path());
        let count = u32::try_from(2 * RUN + 100).unwrap();
        for index in 0..count {
            let group = u128::from(index.wrapping_mul(2_654_435_761) % 1_000);
            let identity = Identity {
                group,
                keys: [u64::from(index) + 1, 0, 0, 0],
                whole: 9,
                places: vec![1, 2],
                ..Identity::default()
            };
            let old = Old {
                print: group,
                line: index,
                ..Old::default()
            };
            sorter
                .push(Item {
                    target: index % 2,
                    index,
                    identity,
                    old,
                })
                .unwrap();
        }
        let mut items = sorter.sorted().unwrap();
        let (mut seen, mut last) = (0, None);
        while items.peek().is_some() {
            let key = items.peek();
            assert!(key > last, "each group once, in order");
            last = key;
            let group = items.group().unwrap();
            assert!(group.windows(2).all(|two| two[0].index < two[1].index));
            for item in &group {
                assert_eq!(item.old.line, item.index);
                assert_eq!(item.identity.keys[0], u64::from(item.index) + 1);
                assert_eq!((item.identity.whole, item.identity.places.len()), (9, 2));
            }
            seen += group.len();
        }
        assert_eq!(seen, count as usize);
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            0,
            "no file has a name"
        );
    }
}
