/** The preference matrix as the page shows it. Pure. */

import {
  CHANNELS,
  type CellSources,
  type Channel,
  type EventType,
  type Preferences,
} from '../../api/settings';

export const cellKey = (type: string, channel: string): string => `${type}:${channel}`;

/** The channels a user can turn on or off: those in the matrix. */
export const columnsOf = (preferences: Preferences): Channel[] => {
  const known = new Set(Object.keys(preferences).map((key) => key.slice(key.lastIndexOf(':') + 1)));
  return CHANNELS.filter((channel) => known.has(channel));
};

/** Whether an event of this type can reach the user on a channel. */
export const canReach = (sources: Record<string, CellSources>, type: string, channel: string): boolean =>
  sources[cellKey(type, channel)]?.possible ?? false;

/** The rows of the matrix: the event types that have cells; all of them, or those that can reach the user. */
export function rowsOf(
  types: readonly EventType[],
  preferences: Preferences,
  sources: Record<string, CellSources>,
  all: boolean,
): EventType[] {
  const columns = columnsOf(preferences);
  return types.filter(
    ({ type }) =>
      columns.some((channel) => cellKey(type, channel) in preferences) &&
      (all || columns.some((channel) => canReach(sources, type, channel))),
  );
}
