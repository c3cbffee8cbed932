import { expect, it } from 'vitest';
import { calendarPath, notificationPath, webLink } from './links';

it('leads to the thing a notification is about', () => {
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

it('leads from the calendar to what is due', () => {
  expect(calendarPath({ entity_type: 'agreement', entity_id: 'a' })).toBe('/agreements/a');
  expect(calendarPath({ entity_type: 'finding', entity_id: 'f' })).toBe('/findings/f');
});

// promise: C7
it('never leads anywhere else, whatever the ids hold', () => {
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

it('links only plain web addresses of what a scanner wrote', () => {
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
