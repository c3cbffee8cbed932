/** Which announcements are shown above the pages. Pure. */

import type { Announcement } from '../api/announcements';

export const shown = (
  all: readonly Announcement[],
  dismissed: readonly string[],
  now: number,
): Announcement[] =>
  all.filter(
    ({ id, until }) => !dismissed.includes(id) && (until === null || new Date(until).getTime() > now),
  );
