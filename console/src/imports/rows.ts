/** What an import does, in words, and how a table is described to the server. Pure. */

import { SEVERITIES, type BySeverity, type Severity, type Skipped } from '../api/types';

export interface SkippedGroup {
  reason: string;
  places: string[];
}

/** The skipped results by reason, most frequent first, each in the order of the report. */
export function skippedByReason(skipped: readonly Skipped[]): SkippedGroup[] {
  const groups = new Map<string, string[]>();
  for (const { where, reason } of skipped) groups.set(reason, [...(groups.get(reason) ?? []), where]);
  return [...groups]
    .map(([reason, places]) => ({ reason, places }))
    .sort((one, other) => other.places.length - one.places.length);
}

/** Whether a retry may succeed: no answer, too many requests, or a server error. */
export function mayRetry(status: number): boolean {
  return status === 0 || status === 429 || status >= 500;
}

/** The severities that occur, most severe first. */
export function bySeverity(counts: BySeverity): { severity: Severity; count: number }[] {
  return [...SEVERITIES]
    .reverse()
    .map((severity) => ({ severity, count: counts[severity] ?? 0 }))
    .filter(({ count }) => count > 0);
}

/** Whether a file name suggests a table. */
export function isTable(name: string): boolean {
  return /\.(csv|tsv|tab)(\.gz)?$/i.test(name);
}

/** Whether a column holds only numbers from 0 to 5, which mean nothing without their scale. */
export function isScale(cells: readonly string[]): boolean {
  const given = cells.map((cell) => cell.trim()).filter((cell) => cell !== '');
  return given.length > 0 && given.every((cell) => /^[0-5]$/.test(cell));
}

/** A pair of `columns=`, quoted if it contains a separator. */
function pair(name: string, value: string): string {
  const text = `${name}:${value}`;
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The value of `columns=`: the field chosen for each column, and the number of each severity. */
export function columnsText(
  header: readonly string[],
  names: readonly string[],
  values: Partial<Record<Severity, string>> = {},
): string {
  const columns = header.flatMap((column, index) => {
    const name = names[index] ?? '';
    return name === '' || column.trim() === '' ? [] : [pair(name, column)];
  });
  const numbers = SEVERITIES.flatMap((severity) => {
    const value = values[severity]?.trim() ?? '';
    return value === '' ? [] : [pair(severity, value)];
  });
  return [...columns, ...numbers].join(',');
}

/** The field of each column, as far as known: from the server, otherwise from its own name. */
export function columnNames(table: {
  header: readonly string[];
  columns: readonly { name: string; column: string }[];
  names: readonly string[];
}): string[] {
  return table.header.map((column) => {
    const known = table.columns.find((one) => one.column === column)?.name;
    const own = column.trim().toLowerCase().replaceAll(/[ -]/g, '_');
    return known ?? table.names.find((name) => name === own) ?? '';
  });
}

/** Whether two reports may overlap: a tool and a target in common. A list cut short may hold anything. */
export function mayOverlap(
  one: { tools: readonly string[]; target: string },
  other: { tools: readonly string[]; target: string },
): boolean {
  if (!one.tools.some((tool) => other.tools.includes(tool))) return false;
  const cut = (text: string) => / and \d+ more$/.test(text);
  if (cut(one.target) || cut(other.target)) return true;
  const names = new Set(one.target.split(', '));
  return other.target.split(', ').some((name) => names.has(name));
}
