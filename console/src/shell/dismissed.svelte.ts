/** Which announcements were dismissed in this browser. */

const KEY = 'campanile.dismissed';
/** The oldest are forgotten; announcements do not last that long. */
const MOST = 50;

function stored(): string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(found) ? found.filter((id) => typeof id === 'string') : [];
  } catch {
    return [];
  }
}

let ids = $state.raw(stored());

export const dismissed = {
  get ids(): readonly string[] {
    return ids;
  },
  add(id: string): void {
    ids = [...new Set([...stored(), id])].slice(-MOST);
    try {
      localStorage.setItem(KEY, JSON.stringify(ids));
    } catch {
      // Storage is blocked: it lasts until the next load.
    }
  },
};
