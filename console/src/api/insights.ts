/** The calls of Time to know: how quickly recipients read. For managers. */

import type { Answer } from './served';
import { get, type Signal } from './verbs';

export type KnowTimes = Answer<'TimesToKnow'>;
export type SeverityTimes = Answer<'TimeToKnowBySeverity'>;
export type TeamTimes = Answer<'TimeToKnowByTeam'>;
export type TimeToKnow = Answer<'TimeToKnow'>;

const DAY = 86_400_000;
/** For the last days. */
export const timeToKnow = (company: string | null, days: number, signal?: Signal) =>
  get<TimeToKnow>(
    '/insights/time-to-know',
    { company_id: company, from: new Date(Date.now() - days * DAY).toISOString() },
    signal,
  );
