import { expect, it } from 'vitest';
import {
  bySeverity,
  columnNames,
  columnsText,
  isScale,
  isTable,
  mayOverlap,
  skippedByReason,
  mayRetry,
} from './rows';

it('groups skipped results by reason, most frequent first', () => {
  const groups = skippedByReason([
    { where: 'results[0]', reason: 'a pass' },
    { where: 'results[1]', reason: 'suppressed' },
    { where: 'results[4]', reason: 'suppressed' },
  ]);
  expect(groups).toEqual([
    { reason: 'suppressed', places: ['results[1]', 'results[4]'] },
    { reason: 'a pass', places: ['results[0]'] },
  ]);
  expect(skippedByReason([])).toEqual([]);
});

it('offers a retry only where it can help', () => {
  expect([0, 429, 500, 503].every(mayRetry)).toBe(true);
  expect([401, 403, 409, 413, 422].some(mayRetry)).toBe(false);
});

it('counts by severity, most severe first, without those that do not occur', () => {
  expect(bySeverity({ low: 2, critical: 1, high: 0 })).toEqual([
    { severity: 'critical', count: 1 },
    { severity: 'low', count: 2 },
  ]);
});

it('recognizes a table by its name, and a scale by its cells', () => {
  expect(['a.csv', 'A.TSV', 'a.csv.gz'].every(isTable)).toBe(true);
  expect(['a.sarif', 'csv', 'a.csv.json', 'notes.txt'].some(isTable)).toBe(false);
  expect(isScale(['5', ' 3', ''])).toBe(true);
  expect([['7.5'], ['6'], ['High'], [''], []].some(isScale)).toBe(false);
});

it('describes the columns as the server reads them', () => {
  const header = ['Name', 'Risk, overall', 'Say "where"', '', 'Notes'];
  const names = ['title', 'severity', 'location', 'rule', ''];
  expect(columnsText(header, names)).toBe('title:Name,"severity:Risk, overall","location:Say ""where"""');
  expect(columnsText(['Sev'], ['severity'], { critical: '5', low: ' 2 ', high: '' })).toBe(
    'severity:Sev,low:2,critical:5',
  );
});

it('proposes the server’s field for a column, otherwise its own name', () => {
  const names = ['title', 'severity', 'fixed_versions'];
  const columns = [{ name: 'severity', column: 'Risk' }];
  expect(columnNames({ header: ['Risk', 'Fixed versions', 'Notes'], columns, names })).toEqual([
    'severity',
    'fixed_versions',
    '',
  ]);
});

it('requests a new preview after an import only for the same target', () => {
  const trivy = (target: string) => ({ tools: ['Trivy'], target });
  expect(mayOverlap(trivy('a'), trivy('b'))).toBe(false);
  expect(mayOverlap(trivy('a'), trivy('a'))).toBe(true);
  expect(mayOverlap(trivy(''), trivy(''))).toBe(true);
  expect(mayOverlap(trivy('a'), { tools: ['Grype'], target: 'a' })).toBe(false);
  expect(mayOverlap(trivy('a, b'), trivy('b'))).toBe(true);
  expect(mayOverlap(trivy('a, b, c and 2 more'), trivy('x'))).toBe(true);
});
