/** After a form was refused: brings the first thing that is wrong into sight, and the focus to it. */

import { tick } from 'svelte';

export async function showWrong(form: HTMLElement | null | undefined): Promise<void> {
  await tick();
  const field = form?.querySelector<HTMLElement>('[aria-invalid=true]');
  if (field) field.focus();
  else form?.querySelector('[role=alert], .error')?.scrollIntoView({ block: 'nearest' });
}
