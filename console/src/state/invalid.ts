/** After a form was rejected: scrolls the first error into view and moves the focus to it. */

import { tick } from 'svelte';

export async function focusFirstError(form: HTMLElement | null | undefined): Promise<void> {
  await tick();
  const field = form?.querySelector<HTMLElement>('[aria-invalid=true]');
  if (field) field.focus();
  else form?.querySelector('[role=alert], .error')?.scrollIntoView({ block: 'nearest' });
}
