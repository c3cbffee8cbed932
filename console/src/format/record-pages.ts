// Written by `UPDATE=1 cargo test --test architecture` from crates/base/src/page.rs: do not edit.

/** Where the pages of each kind of record are; the record's id follows. */
export const RECORD_PAGES = {
  finding: '/findings/',
  scan: '/scans/',
  approval: '/approvals/',
  report: '/reports/',
  agreement: '/agreements/',
  asset: '/assets/',
  project: '/projects/',
} as const;
