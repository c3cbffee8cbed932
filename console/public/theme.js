// Sets the chosen theme before the first paint; the switch itself is src/state/theme.svelte.ts.
try {
  const chosen = localStorage.getItem('campanile.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is blocked: the system's wish decides.
}
