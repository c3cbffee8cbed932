/**
 * Navigation moves the focus to the heading of the new page, for screen readers as well. The heading may render
 * late, and another may replace it once the page knows its own name.
 */

let owed = false;
let last: HTMLElement | null = null;

/** Another page is about to render. */
export function newPage(): void {
  owed = true;
}

/** A heading is on screen: it takes the focus if it is due, or was lost with the previous heading. */
export function startAt(heading: HTMLElement): void {
  const lost = last !== null && !last.isConnected && document.activeElement === document.body;
  if (owed || lost) {
    heading.focus({ preventScroll: true });
    last = heading;
  }
  owed = false;
}
