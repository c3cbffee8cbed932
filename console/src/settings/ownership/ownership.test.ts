import { expect, it } from 'vitest';
import { Problem } from '../../api/http';
import type { OwnershipMatch, OwnershipRule } from '../../api/ownership';
import { errorsOf, joined, matchOf, matchParts, moved, placed, shadowedFrom, without } from './ownership';

const rule = (match: OwnershipMatch, active = true): OwnershipRule => ({
  position: 0,
  match,
  user_ids: [],
  team_ids: [],
  active,
});
const paths = (rules: OwnershipRule[]) =>
  rules.map(({ match, position }) => `${String(position)} ${match.path ?? ''}`);
const three = [rule({ path: 'a' }), rule({ path: 'b' }), rule({ path: 'c' })];

it('moves, replaces and removes rules, and renumbers them', () => {
  expect(paths(moved(three, 0, 2))).toEqual(['1 b', '2 c', '3 a']);
  expect(paths(moved(three, 2, 1))).toEqual(['1 a', '2 c', '3 b']);
  expect(moved(three, 0, -1)).toEqual(three);
  expect(paths(placed(three, rule({ path: 'x' }), 1))).toEqual(['1 a', '2 x', '3 c']);
  expect(paths(placed(three, rule({ path: 'x' }), null))).toEqual(['1 a', '2 b', '3 c', '4 x']);
  expect(paths(without(three, 0))).toEqual(['1 b', '2 c']);
});

it('puts the rules of a file above the existing ones, or replaces them', () => {
  const read = [rule({ path: 'x' })];
  expect(paths(joined(three, read, false))).toEqual(['1 x', '2 a', '3 b', '4 c']);
  expect(paths(joined(three, read, true))).toEqual(['1 x']);
});

it('sends only the fields with a value', () => {
  const empty = { path: '', tool: '', rule: '', component: '', asset: '', tag: '' };
  expect(matchOf({ ...empty, path: ' src/** ', tool: '  ' }, 'high')).toEqual({
    path: 'src/**',
    min_severity: 'high',
  });
  expect(matchOf(empty, '')).toEqual({});
  expect(matchParts({ tag: 'pci', path: 'src/' })).toEqual([
    { field: 'path', text: 'src/' },
    { field: 'tag', text: 'pci' },
  ]);
});

it('finds the rules that never apply below one that matches everything', () => {
  expect(shadowedFrom([rule({ tool: 'x' }), rule({}), rule({ tool: 'y' })])).toBe(2);
  expect(shadowedFrom([rule({ tool: 'x' }), rule({ min_severity: 'informational' }), rule({})])).toBe(2);
  expect(shadowedFrom([rule({ tool: 'x' }), rule({})])).toBe(-1);
  expect(shadowedFrom([rule({}, false), rule({ tool: 'y' })])).toBe(-1);
});

it('separates the errors of one rule from those of others', () => {
  const problem = new Problem(422, '', '', [
    { field: 'items[1].match.path', detail: 'not a pattern' },
    { field: 'items[1]', detail: 'must name at least one user or team' },
    { field: 'items[10].match.path', detail: 'another' },
  ]);
  expect(errorsOf(problem, 1)).toEqual({
    'match.path': 'not a pattern',
    '': 'must name at least one user or team',
  });
  expect(errorsOf(problem, 0)).toEqual({});
  expect(errorsOf(null, 0)).toEqual({});
});
