import { expect, it } from 'vitest';
import { calendarPath, notificationPath } from './links';

it('leads to the thing a notification is about', () => {
  expect(notificationPath({ type: 'finding', data: { finding_id: 'f', project_id: 'p' } })).toBe(
    '/findings/f',
  );
  expect(notificationPath({ type: 'scan', data: { scan_id: 's', project_id: 'p' } })).toBe('/scans/s');
  expect(notificationPath({ type: 'sla', data: { finding_id: 'f', scan_id: 's' } })).toBe('/findings/f');
  expect(notificationPath({ type: 'project', data: { project_id: 'p' } })).toBe('/projects/p');
  expect(notificationPath({ type: 'agreement', data: { agreement_id: 'a' } })).toBeNull();
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
