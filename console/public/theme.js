// Applies the chosen theme before the first paint; src/state/theme.svelte.ts changes it.
try {
  const chosen = localStorage.getItem('campanile.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is blocked: the system's setting applies.
}
