import { readFileSync } from 'node:fs';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

const widths = JSON.parse(readFileSync(new URL('src/styles/breakpoints.json', import.meta.url), 'utf8'));

/** Lets components write `@media (--phone)`: the widths are in src/styles/breakpoints.json and nowhere else. */
const breakpoints = {
  name: 'breakpoints',
  style: ({ content, filename }) => ({
    code: content.replaceAll(/@media[^{]*/g, (query) => {
      if (/width/.test(query))
        throw new Error(`${filename}: a width that is not in breakpoints.json: ${query}`);
      return query.replaceAll(/\(--([a-z]+)\)/g, (name, key) => widths[key] ?? name);
    }),
  }),
};

export default {
  preprocess: [vitePreprocess(), breakpoints],
  compilerOptions: { runes: true },
};
