//! What is sent between nodes, as text.
//!
//! Owns: the format. Must not: wait, or know what carries a text.
//!
//! A text is one line for its head, `1 NODE RUN NUMBER`, and one line for each item: a word, and what the word needs. A
//! node ignores items with words that it does not know: a later version may send them.

use std::fmt::Write as _;

use access::AccessChange;
use base::{Audience, Id};

/// The version of the head. Items may be added without changing it.
const VERSION: &str = "1";

/// Who sent a text, and which of theirs it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// The node.
    pub(super) node: Id,
    /// Its process: another one after each start.
    pub(super) run: Id,
    /// From 1 on, without gaps, within the run.
    pub(super) number: u64,
}

/// One thing that other nodes should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A frame for open tabs.
    Frame {
        /// Who may receive it.
        audience: Audience,
        /// Its JSON, on one line.
        text: String,
        /// The stored event it was made from, if there is exactly one.
        event: Option<Id>,
    },
    /// A frame that is too large: to be made from this stored event.
    Stored(Id),
    /// Access changed.
    Access {
        /// The row of the change.
        row: Id,
        /// What changed; none to read it from the row.
        changes: Option<Vec<AccessChange>>,
    },
    /// There may be work in the tables.
    Wake,
    /// The pause that these destinations asked for ends; without any, that of all destinations.
    Resume(Vec<String>),
    /// The sender listens from now on: others answer with [`Item::Alive`], so that it learns their numbers.
    Hello,
    /// Nothing but the number.
    Alive,
    /// The sender stops in order; everything it committed was sent.
    Bye,
}

impl Item {
    fn line(&self) -> Option<String> {
        Some(match self {
            Self::Frame { audience, text, .. } => format!("frame {} {text}", written(*audience)),
            Self::Stored(event) => format!("stored {event}"),
            Self::Access { row, changes: None } => format!("access {row}"),
            Self::Access {
                row,
                changes: Some(changes),
            } => format!("access {row} {}", serde_json::to_string(changes).ok()?),
            Self::Wake => "wake".to_owned(),
            Self::Resume(keys) => format!("resume {}", serde_json::to_string(keys).ok()?),
            Self::Hello => "hello".to_owned(),
            Self::Alive => "alive".to_owned(),
            Self::Bye => "bye".to_owned(),
        })
    }

    /// The same by reference: shorter, and as good for a node, which can read the database.
    fn by_reference(&self) -> Option<Self> {
        match self {
            Self::Frame {
                event: Some(event), ..
            } => Some(Self::Stored(*event)),
            Self::Access {
                row,
                changes: Some(_),
            } => Some(Self::Access {
                row: *row,
                changes: None,
            }),
            _ => None,
        }
    }

    /// None for a line of another version, or that is damaged.
    fn of(line: &str) -> Option<Self> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        Some(match word {
            "frame" => {
                let (audience, text) = rest.split_once(' ')?;
                Self::Frame {
                    audience: audience_of(audience)?,
                    text: text.to_owned(),
                    event: None,
                }
            }
            "stored" => Self::Stored(rest.parse().ok()?),
            "access" => {
                let (row, changes) = rest.split_once(' ').unwrap_or((rest, ""));
                Self::Access {
                    row: row.parse().ok()?,
                    // What cannot be read here is read from the row.
                    changes: serde_json::from_str(changes).ok(),
                }
            }
            "wake" => Self::Wake,
            "resume" => Self::Resume(serde_json::from_str(rest).ok()?),
            "hello" => Self::Hello,
            "alive" => Self::Alive,
            "bye" => Self::Bye,
            _ => return None,
        })
    }
}

fn written(audience: Audience) -> String {
    match audience {
        Audience::Company(company) => format!("company:{company}"),
        Audience::User(user) => format!("user:{user}"),
        Audience::Platform => "platform".to_owned(),
    }
}

fn audience_of(text: &str) -> Option<Audience> {
    match text.split_once(':') {
        Some(("company", id)) => Some(Audience::Company(id.parse().ok()?)),
        Some(("user", id)) => Some(Audience::User(id.parse().ok()?)),
        None if text == "platform" => Some(Audience::Platform),
        _ => None,
    }
}

/// Texts, and whether something fitted into none.
#[derive(Debug, Default)]
pub(super) struct Packed {
    /// To be sent in this order.
    pub(super) texts: Vec<String>,
    /// The number of the next text.
    pub(super) next: u64,
    /// Whether an item was too large, also by reference. A number was left out for each.
    pub(super) lost: bool,
}

/// Packs items, in their order, into as few texts of at most `longest` bytes as possible; `head` is that of the first.
pub(super) fn pack(head: Head, items: &[Item], longest: usize) -> Packed {
    let mut packed = Packed {
        next: head.number,
        ..Packed::default()
    };
    let mut open = String::new();
    let room = longest.saturating_sub(headline(head, u64::MAX).len());
    let fits = |line: &String| line.len() < room && !line.contains('\n');
    for item in items {
        let line = item.line().filter(fits).or_else(|| {
            let reference = item.by_reference()?;
            reference.line().filter(fits)
        });
        let Some(line) = line else {
            packed.close(&mut open);
            packed.next += 1;
            packed.lost = true;
            continue;
        };
        if !open.is_empty() && open.len() + 1 + line.len() > longest {
            packed.close(&mut open);
        }
        if open.is_empty() {
            open = headline(head, packed.next);
        }
        open.push('\n');
        open.push_str(&line);
    }
    packed.close(&mut open);
    packed
}

impl Packed {
    fn close(&mut self, open: &mut String) {
        if !open.is_empty() {
            self.texts.push(std::mem::take(open));
            self.next += 1;
        }
    }
}

fn headline(head: Head, number: u64) -> String {
    let mut line = String::with_capacity(100);
    let _ = write!(line, "{VERSION} {} {} {number}", head.node, head.run);
    line
}

/// The head and the items of a text; none if it is not one of ours.
pub(super) fn unpack(text: &str) -> Option<(Head, Vec<Item>)> {
    let mut lines = text.lines();
    let mut words = lines.next()?.split(' ');
    if words.next()? != VERSION {
        return None;
    }
    let head = Head {
        node: words.next()?.parse().ok()?,
        run: words.next()?.parse().ok()?,
        number: words.next()?.parse().ok()?,
    };
    Some((head, lines.filter_map(Item::of).collect()))
}

#[cfg(test)]
mod tests {
    use base::Clock;
    use proptest::prelude::*;

    use super::*;

    fn head() -> Head {
        let clock = Clock::system();
        Head {
            node: clock.id(),
            run: clock.id(),
            number: 7,
        }
    }

    fn sent(items: &[Item], longest: usize) -> (Vec<(u64, Vec<Item>)>, Packed) {
        let head = head();
        let packed = pack(head, items, longest);
        let read = packed.texts.iter().map(|text| {
            assert!(text.len() <= longest, "{}", text.len());
            let (read, items) = unpack(text).unwrap();
            assert_eq!((read.node, read.run), (head.node, head.run));
            (read.number, items)
        });
        (read.collect(), packed)
    }

    fn frame(text: &str, event: Option<Id>) -> Item {
        Item::Frame {
            audience: Audience::Platform,
            text: text.to_owned(),
            event,
        }
    }

    #[test]
    fn every_item_is_read_as_it_was_written() {
        let clock = Clock::system();
        let (id, row) = (clock.id(), clock.id());
        let with = |audience| Item::Frame {
            audience,
            text: r#"{"title":"a b  c \n é"}"#.to_owned(),
            event: None,
        };
        let items = vec![
            Item::Hello,
            with(Audience::Company(id)),
            with(Audience::User(id)),
            with(Audience::Platform),
            Item::Stored(id),
            Item::Access { row, changes: None },
            Item::Access {
                row,
                changes: Some(vec![AccessChange::User(id), AccessChange::Unknown]),
            },
            Item::Wake,
            Item::Resume(vec!["a key".to_owned(), "\n".to_owned()]),
            Item::Resume(Vec::new()),
            Item::Alive,
            Item::Bye,
        ];
        let (read, packed) = sent(&items, 7_999);
        assert_eq!(read, [(7, items)]);
        assert_eq!((packed.next, packed.lost), (8, false));
    }

    #[test]
    fn what_is_too_large_goes_by_reference_or_leaves_a_gap() {
        let event = Clock::system().id();
        let large = "x".repeat(8_000);
        let users: Vec<_> = (0..300)
            .map(|_| AccessChange::User(Clock::system().id()))
            .collect();
        let access = |changes| Item::Access { row: event, changes };
        let (read, packed) = sent(
            &[
                frame("{}", None),
                frame(&large, Some(event)),
                access(Some(users)),
                frame(&large, None),
                Item::Wake,
            ],
            7_999,
        );
        let first = vec![frame("{}", None), Item::Stored(event), access(None)];
        assert_eq!(read, [(7, first), (9, vec![Item::Wake])]);
        assert_eq!((packed.next, packed.lost), (10, true));
        // A frame cannot pretend to be another item.
        assert!(pack(head(), &[frame("{}\nbye", None)], 7_999).lost);
    }

    // promise: N4
    #[test]
    fn what_a_later_version_sends_is_left_alone() {
        let Head { node, run, .. } = head();
        let text =
            format!("1 {node} {run} 3 more\nsing a song\nframe team:1 {{}}\nframe\n\naccess x\nwake loudly");
        let (head, items) = unpack(&text).unwrap();
        assert_eq!((head.number, items), (3, vec![Item::Wake]));
        for text in ["", "hello", "2 a b c", "1 a b 3", &format!("1 {node} {run} -1")] {
            assert_eq!(unpack(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn order_and_content_survive_any_limit(
            texts in prop::collection::vec("[ -~é€\u{1f514}]{0,40}", 0..40),
            longest in 200_usize..600,
        ) {
            let items: Vec<Item> = texts.iter().map(|text| frame(text, None)).collect();
            let (read, packed) = sent(&items, longest);
            let numbers: Vec<u64> = read.iter().map(|(number, _)| *number).collect();
            prop_assert_eq!(&numbers, &(7..packed.next).collect::<Vec<_>>());
            prop_assert_eq!(read.into_iter().flat_map(|(_, items)| items).collect::<Vec<_>>(), items);
            // No text could have held the first item of the next one.
            for pair in packed.texts.windows(2) {
                let first = pair[1].split_once('\n').unwrap().1.split('\n').next().unwrap();
                prop_assert!(pair[0].len() + 1 + first.len() > longest);
            }
        }
    }
}
