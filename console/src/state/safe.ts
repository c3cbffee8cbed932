/** Where one begins. */
export const HOME = '/dashboard';

/** A path to come back to after signing in: only ever one of our own. Browsers drop tabs and line ends from an address. */
export function safePath(path: string | null): string {
  if (!path?.startsWith('/') || path.startsWith('//') || /[\\\p{Cc}]/u.test(path)) return HOME;
  return path.startsWith('/sign-in') || path === '/' ? HOME : path;
}
