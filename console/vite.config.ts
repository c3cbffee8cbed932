import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// The server that `npm run dev` talks to.
const api = process.env.CAMPANILE_DEV_API ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2023',
    // The first versions that support light-dark(), which the tokens use.
    cssTarget: ['chrome123', 'edge123', 'firefox121', 'safari17.5'],
    // The server's content security policy allows `data:` only for images, and no inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What the console contains of others: scripts/notices makes the notices of it.
    license: { fileName: '.vite/licenses.json' },
  },
  server: {
    proxy: { '/api': { target: api, changeOrigin: false } },
  },
  test: {
    include: ['src/**/*.test.ts'],
  },
});
