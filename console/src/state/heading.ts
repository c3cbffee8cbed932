/**
 * A page one goes to starts at its heading, also for those who do not see it. The heading may come late, and
 * another take its place once the page knows its own name.
 */

let owed = false;
let last: HTMLElement | null = null;

/** Another page is on its way. */
export function newPage(): void {
  owed = true;
}

/** A heading is on screen: it takes the focus if it is owed, or was lost with the heading before it. */
export function startAt(heading: HTMLElement): void {
  const lost = last !== null && !last.isConnected && document.activeElement === document.body;
  if (owed || lost) {
    heading.focus({ preventScroll: true });
    last = heading;
  }
  owed = false;
}
