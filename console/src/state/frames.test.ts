import { describe, expect, it } from 'vitest';
import { effectsOf, parseFrame } from './frames';

const row = {
  id: 'n1',
  type: 'finding',
  event_type: 'finding.assigned',
  title: 'Assigned to you',
  body: '',
  data: { finding_id: 'f1' },
  read: false,
  created_at: '2026-11-23T10:00:00Z',
};

describe('parseFrame', () => {
  it('parses a frame and rejects anything else', () => {
    expect(parseFrame('{"type":"ping"}')).toEqual({ type: 'ping' });
    for (const text of ['', '{', 'null', '[]', '"ping"', '{"type":1}', '{"no":"type"}']) {
      expect(parseFrame(text), text).toBeNull();
    }
  });
});

describe('effectsOf', () => {
  it('sets the count from the frame and passes the row to the lists', () => {
    const effects = effectsOf({
      type: 'notification.created',
      subject: { type: 'notification', id: 'n1' },
      data: { notification: row, summary: { total: 4, unread: 2 } },
    });
    expect(effects).toEqual({ topics: [], summary: { total: 4, unread: 2 }, arrived: row });
  });

  it('asks the API if a notification frame is incomplete', () => {
    expect(effectsOf({ type: 'notification.created', data: {} }).topics).toEqual(['bell', 'inbox']);
    expect(effectsOf({ type: 'notification.all_read' }).topics).toEqual(['bell']);
  });

  it('marks one row or all of them read', () => {
    const summary = { total: 4, unread: 1 };
    const one = effectsOf({ type: 'notification.read', data: { notification_id: 'n1', summary } });
    expect(one).toMatchObject({ topics: [], summary });
    expect(['n1', 'n2'].filter((id) => one.read?.(id))).toEqual(['n1']);
    const all = effectsOf({ type: 'notification.all_read', id: 'n3', data: { summary } });
    expect(
      ['n1', 'n2', 'n4'].filter((id) => all.read?.(id)),
      'not what came later',
    ).toEqual(['n1', 'n2']);
  });

  it('names the finding of every kind of event that is about one', () => {
    for (const type of [
      'finding.updated',
      'finding.status_changed',
      'finding.reopened',
      'finding.severity_changed',
      'sla.breached',
      'retest.due',
    ]) {
      const frame = { type, subject: { type: 'finding', id: 'f1' }, data: { finding_id: 'f1' } };
      expect(effectsOf(frame).topics, type).toEqual(['findings', 'calendar', 'finding:f1']);
    }
    expect(effectsOf({ type: 'sla.warning', subject: { type: 'finding', id: 'f2' } }).topics).toContain(
      'finding:f2',
    );
  });

  it('treats a bundle as one change, and as any finding if it does not name them all', () => {
    const data = { bundled: true, scan_id: 's1', count: 2, finding_ids: ['f1', 'f2'] };
    const frame = { type: 'finding.created', subject: { type: 'scan', id: 's1' }, data };
    expect(effectsOf(frame).topics).toEqual(['findings', 'calendar', 'finding:f1', 'finding:f2']);
    expect(effectsOf({ ...frame, data: { ...data, count: 3 } }).topics).toEqual([
      'findings',
      'calendar',
      'finding',
    ]);
  });

  it('names scans and projects, and ignores unknown events', () => {
    expect(effectsOf({ type: 'scan.completed', data: { scan_id: 's1' } }).topics).toEqual([
      'scans',
      'calendar',
      'scan:s1',
    ]);
    expect(effectsOf({ type: 'project.created', subject: { type: 'project', id: 'p1' } }).topics).toContain(
      'project:p1',
    );
    expect(effectsOf({ type: 'weather.changed' }).topics).toEqual([]);
  });

  it('names assets, agreements, approvals and reports', () => {
    const about = (type: string, kind: string) =>
      effectsOf({ type, subject: { type: kind, id: 'x1' }, data: { [`${kind}_id`]: 'x1' } }).topics;
    expect(about('asset.updated', 'asset')).toEqual(['assets', 'asset:x1']);
    expect(about('agreement.created', 'agreement')).toEqual(['agreements', 'calendar', 'agreement:x1']);
    expect(about('approval.decided', 'approval')).toEqual(['approvals', 'calendar', 'approval:x1']);
    expect(about('report.ready', 'report')).toEqual(['reports', 'report:x1']);
  });

  it('reports dropped frames', () => {
    expect(effectsOf({ type: 'resync', dropped: 7 })).toEqual({ topics: [], resync: true });
  });
});
