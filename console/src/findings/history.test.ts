import { expect, it } from 'vitest';
import type { Comment } from '../api/records';
import type { FindingMove } from '../api/types';
import { historyOf } from './history';

const move = (at: string, comment: string): FindingMove => ({
  at,
  actor: null,
  from: null,
  to: null,
  changes: [],
  comment,
  scan_id: null,
  event_id: null,
});
const said = (id: string, at: string): Comment => ({
  id,
  author: null,
  body: id,
  created_at: at,
  updated_at: at,
});

it('merges steps and comments, oldest first', () => {
  const moves = [move('2026-11-27T12:00:00Z', 'last'), move('2026-11-27T09:00:00.5Z', 'first')];
  const comments = [said('later', '2026-11-27T11:00:00Z'), said('earlier', '2026-11-27T09:00:00Z')];
  const words = historyOf(moves, comments).map((one) =>
    'move' in one ? one.move.comment : one.comment.body,
  );
  expect(words).toEqual(['earlier', 'first', 'later', 'last']);
});

it('keeps the order of one moment, and keys that a new step does not change', () => {
  const at = '2026-11-27T09:00:00Z';
  const before = historyOf([move(at, 'second'), move(at, 'first')], []);
  expect(before.map((one) => 'move' in one && one.move.comment)).toEqual(['first', 'second']);
  const after = historyOf([move('2026-11-27T10:00:00Z', 'third'), move(at, 'second'), move(at, 'first')], []);
  expect(after.slice(0, 2).map(({ key }) => key)).toEqual(before.map(({ key }) => key));
});
