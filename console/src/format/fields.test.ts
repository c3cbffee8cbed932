import { expect, it } from 'vitest';
import { factsOf, filtersOf, formOf, groupsOf, sentOf, valueOf, wrongOf, type FormField } from './fields';

const fields: FormField[] = [
  { name: 'name', as: 'line', needed: 'Enter a name.' },
  { name: 'text', as: 'text' },
  { name: 'kind', as: 'choice', first: 'host' },
  { name: 'starts_on', as: 'date', half: true },
  { name: 'ends_on', as: 'date', half: true, after: { name: 'starts_on', wrong: 'Before the start.' } },
  { name: 'at', as: 'time' },
  { name: 'hours', as: 'number' },
  { name: 'used', as: 'number', first: 0 },
  { name: 'tags', as: 'tags' },
  { name: 'owners', as: 'owners' },
];
const held = (record: object | null) =>
  Object.fromEntries(fields.map((field) => [field.name, valueOf(field, record)]));
const sent = (values: ReturnType<typeof held>) =>
  Object.fromEntries(fields.map((field) => [field.name, sentOf(field, values[field.name] ?? null)]));

it('sends back the record that it was given', () => {
  const record = {
    name: 'One',
    text: 'About it.',
    kind: 'image',
    starts_on: '2026-11-23',
    ends_on: null,
    at: '2026-11-23T12:30:00.000Z',
    hours: 40,
    used: 3,
    tags: ['a', 'b'],
    owners: { user_ids: ['u'], team_ids: [] },
  };
  expect(sent(held({ ...record, id: 'not a field' }))).toEqual(record);
});

it('begins a new record with the first values, and sends nothing as null', () => {
  expect(sent(held(null))).toEqual({
    name: null,
    text: '',
    kind: 'host',
    starts_on: null,
    ends_on: null,
    at: null,
    hours: null,
    used: 0,
    tags: [],
    owners: { user_ids: [], team_ids: [] },
  });
});

it('names what is missing once it was tried, and a wrong order at once', () => {
  const wrong = (values: Record<string, string>, tried: boolean) =>
    fields.map((field) => wrongOf(field, { ...held(null), ...values }, tried)).filter(Boolean);
  expect(wrong({}, false)).toEqual([]);
  expect(wrong({ name: ' ' }, true)).toEqual(['Enter a name.']);
  expect(wrong({ starts_on: '2026-11-24', ends_on: '2026-11-23' }, false)).toEqual(['Before the start.']);
  expect(wrong({ ends_on: '2026-11-23' }, false)).toEqual([]);
  expect(wrong({ starts_on: '2026-11-23' }, false)).toEqual([]);
});

it('puts halves that follow each other side by side', () => {
  expect(groupsOf(fields).map((group) => group.length)).toEqual([1, 1, 1, 2, 1, 1, 1, 1, 1]);
});

it('makes the form, the filters and the page of a record from the same table', () => {
  const table: FormField[] = [
    { name: 'name', as: 'line', label: 'Name' },
    { name: 'address', as: 'line', label: 'Address' },
    { name: 'kind', as: 'choice', label: 'Kind', any: 'Any kind', options: [['host', 'Host']] },
    { name: 'status', as: 'choice', label: 'Status', later: true, options: [['active', 'In use']] },
    { name: 'hours', as: 'number', label: 'Hours', apart: true },
    { name: 'used', as: 'number', label: 'Used' },
    { name: 'text', as: 'text', label: 'Text' },
    { name: 'tags', as: 'tags' },
  ];
  const names = (fields: readonly FormField[]) => fields.map(({ name }) => name);
  expect(names(formOf(table, {}))).toEqual(names(table));
  expect(names(formOf(table, null))).not.toContain('status');
  const kinds = [
    ['', 'Any kind'],
    ['host', 'Host'],
  ];
  expect(filtersOf(table)).toEqual([{ param: 'kind', label: 'Kind', options: kinds }]);
  const record = { name: 'One', address: '', kind: 'host', status: 'active', hours: 4, used: 0, text: 'x' };
  expect(factsOf(table, record).map(({ field, text }) => [field.name, text])).toEqual([
    ['kind', 'Host'],
    ['status', 'In use'],
    ['used', '0'],
  ]);
});
