/** The history of a finding: its changes and comments in one list, oldest first. Pure. */

import type { Comment } from '../api/records';
import type { FindingMove } from '../api/types';

export type HistoryEntry =
  { key: string; at: string; move: FindingMove } | { key: string; at: string; comment: Comment };

/** Both lists are newest first; steps of the same moment keep their order. */
export function historyOf(moves: readonly FindingMove[], comments: readonly Comment[]): HistoryEntry[] {
  const steps = moves.map((move, index) => ({
    key: `${move.at} ${String(moves.length - index)}`,
    at: move.at,
    move,
  }));
  const said = comments.map((comment) => ({ key: comment.id, at: comment.created_at, comment }));
  const when = (one: HistoryEntry) => new Date(one.at).getTime();
  return [...steps.reverse(), ...said.reverse()].sort((one, other) => when(one) - when(other));
}
