import { expect, it } from 'vitest';
import { changesOf, readable } from './changes';

const words = { yes: 'yes', no: 'no' };

it('reads names instead of objects, and leaves out values empty on both sides', () => {
  const before = { members: [], is_admin: false, note: null };
  const after = {
    members: [
      { id: '1', name: 'Ana' },
      { id: '2', name: 'Mara' },
    ],
    is_admin: true,
    note: '',
  };
  expect(changesOf(before, after, words)).toEqual([
    { field: 'members', before: null, after: 'Ana, Mara' },
    { field: 'is admin', before: 'no', after: 'yes' },
  ]);
});

it('shows added and removed values, and nested ones as text', () => {
  expect(changesOf({ name: '<b>old</b>' }, { role: 'viewer' }, words)).toEqual([
    { field: 'name', before: '<b>old</b>', after: null },
    { field: 'role', before: null, after: 'viewer' },
  ]);
  expect(readable({ urls: ['a', 'b'], user_ids: [] }, words)).toBe('urls: a, b');
  expect(readable({ id: '1', name: 'Ana', role: 'viewer' }, words)).toBe('Ana (viewer)');
});
