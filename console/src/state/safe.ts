/** The start page. */
export const HOME = '/dashboard';

/** A path to return to after signing in: only a local one. Browsers drop tabs and line breaks from a URL. */
export function safePath(path: string | null): string {
  if (!path?.startsWith('/') || path.startsWith('//') || /[\\\p{Cc}]/u.test(path)) return HOME;
  return path.startsWith('/sign-in') || path === '/' ? HOME : path;
}
