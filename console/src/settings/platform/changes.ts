/** The changes of an audit log entry, as readable lines. Pure; values are untrusted text. */

export interface Change {
  field: string;
  before: string | null;
  after: string | null;
}

interface Words {
  yes: string;
  no: string;
}

/** A readable value: names instead of objects, lists separated by commas. */
export function readable(value: unknown, words: Words): string | null {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'boolean') return value ? words.yes : words.no;
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (Array.isArray(value)) {
    return (
      value
        .map((one) => readable(one, words) ?? '')
        .filter(Boolean)
        .join(', ') || null
    );
  }
  const fields = value as Record<string, unknown>;
  const name = fields.name ?? fields.email;
  if (typeof name === 'string') return typeof fields.role === 'string' ? `${name} (${fields.role})` : name;
  return (
    Object.entries(fields)
      .map(([key, one]) => [key, readable(one, words)] as const)
      .filter(([, text]) => text !== null)
      .map(([key, text]) => `${fieldName(key)}: ${text ?? ''}`)
      .join(', ') || null
  );
}

/** `minimal_messages` as `minimal messages`. */
export const fieldName = (key: string): string => key.replace(/_ids?$/, '').replaceAll('_', ' ');

export function changesOf(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  words: Words,
): Change[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((field) => ({
      field: fieldName(field),
      before: readable(before[field], words),
      after: readable(after[field], words),
    }))
    .filter((one) => one.before !== null || one.after !== null);
}
