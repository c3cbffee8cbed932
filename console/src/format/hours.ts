/** The hours of warnings as typed: up to ten different whole numbers from 1 to 2,160. Pure. */

const MOST = 10;
const EARLIEST = 2160;

/** Earliest first; null if the text is not such a list. */
export function hoursOf(text: string): number[] | null {
  const parts = text.split(/[\s,;]+/).filter(Boolean);
  if (parts.length === 0 || parts.length > MOST) return null;
  const hours = parts.map((part) => (/^\d{1,4}$/.test(part) ? Number(part) : NaN));
  if (hours.some((hour) => !(hour >= 1 && hour <= EARLIEST))) return null;
  return new Set(hours).size === hours.length ? hours.sort((a, b) => b - a) : null;
}
