import { expect, it } from 'vitest';
import { pageOf } from '../pages';
import { calendarPath, namedFindings, notificationPath, webLink } from './links';
import { RECORD_PAGES } from './record-pages';

it('links to the subject of a notification', () => {
  expect(notificationPath({ type: 'finding', data: { finding_id: 'f', project_id: 'p' } })).toBe(
    '/findings/f',
  );
  expect(notificationPath({ type: 'scan', data: { scan_id: 's', project_id: 'p' } })).toBe('/scans/s');
  expect(notificationPath({ type: 'sla', data: { finding_id: 'f', scan_id: 's' } })).toBe('/findings/f');
  expect(notificationPath({ type: 'project', data: { project_id: 'p' } })).toBe('/projects/p');
  expect(notificationPath({ type: 'agreement', data: { agreement_id: 'a' } })).toBe('/agreements/a');
  expect(notificationPath({ type: 'asset', data: { asset_id: 'a' } })).toBe('/assets/a');
  expect(notificationPath({ type: 'approval', data: { approval_id: 'q', finding_id: 'f' } })).toBe(
    '/approvals/q',
  );
  expect(notificationPath({ type: 'report', data: { report_id: 'r', project_id: 'p' } })).toBe('/reports/r');
  const comment = { comment_id: 'c', finding_id: 'f', project_id: 'p' };
  expect(notificationPath({ type: 'finding', data: comment })).toBe('/findings/f');
  expect(notificationPath({ type: 'destination', data: { rule_id: 'r' } })).toBeNull();
});

it('links a message about several findings to the scan, to the one finding, or to nothing', () => {
  const data = { finding_ids: ['f', 'g'], project_id: 'p' };
  expect(notificationPath({ type: 'scan', data: { ...data, scan_id: 's' } })).toBe('/scans/s');
  expect(notificationPath({ type: 'finding', data })).toBeNull();
  expect(notificationPath({ type: 'finding', data: { ...data, finding_ids: ['f'] } })).toBe('/findings/f');
  expect(namedFindings({ finding_ids: ['f', 3, ''] })).toEqual(['f']);
  expect(namedFindings({ finding_ids: 'f' })).toEqual([]);
});

// promise: C8
it('has a page behind every link to a record', () => {
  for (const page of Object.values(RECORD_PAGES)) {
    expect(pageOf(`${page}x`), page).toMatchObject({ key: `${page.slice(1)}x`, id: 'x' });
  }
});

it('links from the calendar to what is due', () => {
  expect(calendarPath({ entity_type: 'agreement', entity_id: 'a' })).toBe('/agreements/a');
  expect(calendarPath({ entity_type: 'finding', entity_id: 'f' })).toBe('/findings/f');
});

// promise: C7
it('never links anywhere else, whatever the ids contain', () => {
  const hostile = ['//evil.example', 'javascript:alert(1)', '../../api/v1/auth/logout', 'a?b#c'];
  for (const id of hostile) {
    const path = notificationPath({ type: 'finding', data: { finding_id: id } });
    const url = new URL(path ?? '', 'https://campanile.example');
    expect(url.origin).toBe('https://campanile.example');
    expect(url.pathname.split('/').length).toBe(3);
    expect(url.search + url.hash).toBe('');
  }
  expect(notificationPath({ type: 'finding', data: { finding_id: 7 } })).toBeNull();
  expect(calendarPath({ entity_type: 'constructor', entity_id: 'x' })).toBeNull();
});

it('links only plain web URLs in a scanner’s text', () => {
  expect(webLink('https://example.test/a?b=c')).toBe('https://example.test/a?b=c');
  expect(webLink('http://example.test')).toBe('http://example.test/');
  for (const text of [
    'javascript:alert(1)',
    ' javascript:alert(1)//https://x',
    'data:text/html,x',
    '//example.test',
    'https://',
    'https://bank.test@evil.test/',
    'see https://example.test',
    'CWE-79',
  ]) {
    expect(webLink(text), text).toBeNull();
  }
});
