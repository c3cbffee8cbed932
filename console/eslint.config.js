import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

export default ts.config(
  { ignores: ['dist', 'node_modules', 'src/api/schema.d.ts'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...ts.configs.stylistic,
  ...svelte.configs.recommended,
  ...svelte.configs.prettier,
  {
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      // Untrusted text is data: the console never renders it as HTML.
      'svelte/no-at-html-tags': 'error',
      'svelte/button-has-type': 'error',
      'svelte/no-target-blank': 'error',
      // The content security policy blocks style attributes.
      'svelte/no-inline-styles': 'error',
      'no-restricted-properties': [
        'error',
        { property: 'innerHTML', message: 'Text is set as text.' },
        { property: 'outerHTML', message: 'Text is set as text.' },
        { property: 'insertAdjacentHTML', message: 'Text is set as text.' },
      ],
      'no-restricted-globals': [
        'error',
        { name: 'EventSource', message: 'There is one stream: src/state/live.svelte.ts.' },
        { name: 'fetch', message: 'Requests go through src/api/http.ts.' },
      ],
      // Plain sets and maps here are not reactive state; that is a rune or has Svelte in its name.
      'svelte/prefer-svelte-reactivity': 'off',
      // The router intercepts links with one handler: see src/state/router.svelte.ts.
      'svelte/no-navigation-without-resolve': 'off',
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
    },
  },
  { files: ['src/state/live.svelte.ts', 'src/api/http.ts'], rules: { 'no-restricted-globals': 'off' } },
  {
    // What every page shares knows no page.
    files: ['src/{api,format,state,ui}/**'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [{ regex: '^\\.\\./(?!(api|format|state|ui)/)', message: 'Shared code knows no page.' }],
        },
      ],
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig } },
  },
  { files: ['*.js', '*.config.ts'], languageOptions: { globals: { ...globals.node } } },
);
