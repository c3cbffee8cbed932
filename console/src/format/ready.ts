/** Which reports finished between two looks at the list. Pure. */

import type { Report, ReportStatus } from '../api/records';

type Seen = Pick<Report, 'id' | 'status'>;

const isOver = (status: ReportStatus): boolean => status === 'ready' || status === 'failed';

export function ended<T extends Seen>(before: ReadonlyMap<string, ReportStatus>, now: readonly T[]): T[] {
  return now.filter(({ id, status }) => {
    const was = before.get(id);
    return was !== undefined && !isOver(was) && isOver(status);
  });
}
