/** The fields of a record's form: from the record to what the form holds, and back to the API. Pure. */

import type { Named, OwnerIds } from '../api/types';
import { fromLocal, orNull, tagsOf, toLocal } from './form';

export type FieldValue = string | number | null | OwnerIds;

export interface FormField<Name extends string = string> {
  /** Its name in the API. */
  name: Name;
  /** A line is null if it is empty, a text is not. */
  as: 'line' | 'text' | 'choice' | 'date' | 'time' | 'number' | 'tags' | 'owners' | 'projects' | 'assets';
  /** Tags and owners have their own. */
  label?: string;
  hint?: string;
  /** The value of a new record, and of a number that is left empty. */
  first?: string | number;
  /** What is missing if it is left empty. */
  needed?: string;
  /** It must not be before that date; `wrong` says so. */
  after?: { name: Name; wrong: string };
  /** Of a choice: value and name. */
  options?: (readonly [string, string])[];
  /** Of a project or an asset: the name for none, and the current one. */
  none?: string;
  current?: Named | null;
  most?: number;
  rows?: number;
  mono?: boolean;
  /** Next to its neighbors that are so too, where there is room. */
  half?: boolean;
  /** Not in the form of a new record. */
  later?: boolean;
  /** Of a choice: the name for all of them in the filter above the list. Without it there is no filter. */
  any?: string;
  /** Not among the properties on the page of the record, which shows it elsewhere. */
  apart?: boolean;
}

/** The fields of the form of this record, or of a new one. */
export const formOf = <Field extends FormField>(fields: readonly Field[], record: object | null): Field[] =>
  fields.filter((field) => record !== null || !field.later);

/** The filters of a list: one for each choice that names all. */
export const filtersOf = (
  fields: readonly FormField[],
): { param: string; label: string; options: (readonly [string, string])[] }[] =>
  fields.flatMap(({ name, label = '', any, options = [] }) =>
    any ? [{ param: name, label, options: [['', any] as const, ...options] }] : [],
  );

export interface FieldFact {
  field: FormField;
  /** The value, or the name of the chosen one. */
  text: string;
}

/** What the page of a record shows of its fields: not its name and its description, and nothing that is empty. */
export function factsOf(fields: readonly FormField[], record: object): FieldFact[] {
  const values = record as Record<string, unknown>;
  return fields.flatMap((field) => {
    const value = values[field.name] ?? null;
    const isPlain = ['line', 'choice', 'date', 'number'].includes(field.as) && field.name !== 'name';
    if (!isPlain || field.apart || value === null || value === '') return [];
    const named = field.options?.find(([option]) => option === value)?.[1];
    return [{ field, text: named ?? String(value as string | number) }];
  });
}

/** What the form holds. */
export function valueOf(field: FormField, record: object | null): FieldValue {
  const value = (record as Record<string, unknown> | null)?.[field.name] ?? field.first ?? null;
  switch (field.as) {
    case 'tags':
      return ((value as string[] | null) ?? []).join(', ');
    case 'owners': {
      const { user_ids, team_ids } = (value as OwnerIds | null) ?? { user_ids: [], team_ids: [] };
      return { user_ids, team_ids };
    }
    case 'time':
      return toLocal(value as string | null);
    case 'number':
      return value as number | null;
    default:
      return (value as string | null) ?? '';
  }
}

/** What the API takes. */
export function sentOf(field: FormField, value: FieldValue): unknown {
  switch (field.as) {
    case 'tags':
      return tagsOf(value as string);
    case 'time':
      return fromLocal(value as string);
    case 'number':
      return value ?? field.first ?? null;
    case 'text':
      return (value as string).trim();
    case 'choice':
    case 'owners':
      return value;
    default:
      return orNull(value as string);
  }
}

const isEmpty = (value: FieldValue | undefined): boolean =>
  typeof value === 'string' ? value.trim() === '' : value === null || value === undefined;

/** What is wrong with a field before it is sent; what is missing only once sending was `tried`. */
export function wrongOf(
  field: FormField,
  values: Readonly<Record<string, FieldValue>>,
  tried: boolean,
): string | undefined {
  const value = values[field.name];
  if (isEmpty(value)) return tried ? field.needed : undefined;
  const from = field.after && values[field.after.name];
  return typeof from === 'string' && typeof value === 'string' && value < from
    ? field.after?.wrong
    : undefined;
}

/** Fields next to each other as one group. */
export function groupsOf<Field extends FormField>(fields: readonly Field[]): Field[][] {
  const groups: Field[][] = [];
  for (const field of fields) {
    const last = groups.at(-1);
    if (field.half && last?.[0]?.half) last.push(field);
    else groups.push([field]);
  }
  return groups;
}
