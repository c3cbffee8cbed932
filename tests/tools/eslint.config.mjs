/** Rules without packages: what ESLint itself brings. */
export default [
  {
    files: ['**/*.js'],
    languageOptions: { ecmaVersion: 2024, sourceType: 'module' },
    rules: {
      'eqeqeq': 'error',
      'no-cond-assign': 'error',
      'no-debugger': 'error',
      'no-empty': 'warn',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-script-url': 'error',
      'no-undef': 'warn',
      'no-unused-vars': 'warn',
      'no-var': 'warn',
    },
  },
];
