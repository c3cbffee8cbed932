//! The databases behind one read and one write, the event table and what leaves it.
