/** The list of one kind of record, narrowed by the filters in the URL and the selected company. */

import type { Page } from '../api/types';
import type { PageAsk } from '../api/verbs';
import { asked } from '../format/query';
import { route } from './router.svelte';
import { session } from './session.svelte';
import { paged, type Paged } from './source.svelte';
import type { Topic } from './topics';

/** `choices` are the filters in the URL next to the text search, `first` what applies without them. */
export const filtered = <T extends { id: string }>(
  kind: Topic,
  choices: readonly { param: string }[],
  load: (filter: Record<string, string>, page: PageAsk, signal: AbortSignal) => Promise<Page<T>>,
  first: Record<string, string> = {},
): Paged<T> =>
  paged(() => {
    const names = ['text', ...choices.map(({ param }) => param)];
    const filter = { ...first, ...asked(route.query, session.company, names) };
    return {
      key: `${kind}:${JSON.stringify(filter)}`,
      topics: [kind],
      load: (page, signal) => load(filter, page, signal),
    };
  });
