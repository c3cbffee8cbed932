/** The filters of a list, as kept in the URL. Pure. */

/** The parameters of these names that are set, and the selected company, as the API takes them. */
export function asked(
  query: URLSearchParams,
  company: string | null,
  names: readonly string[],
): Record<string, string> {
  const filter: Record<string, string> = company === null ? {} : { company_id: company };
  for (const name of names) {
    const value = query.get(name);
    if (value) filter[name] = value;
  }
  return filter;
}

/** Whether the list is filtered; a sort order does not filter. */
export function narrowed(query: URLSearchParams, names: readonly string[]): boolean {
  return names.some((name) => name !== 'sort' && Boolean(query.get(name)));
}

/** Whether two queries are the same, in any order. */
export function sameQuery(one: string, other: string): boolean {
  const sorted = (text: string) => {
    const query = new URLSearchParams(text);
    query.sort();
    return query.toString();
  };
  return sorted(one) === sorted(other);
}
