/**
 * What a change concerns, as plain texts: `findings` (any list of findings), `finding:ID` (that one),
 * `finding` (each of them), and alike for the other records; `calendar`; `inbox`; `bell`; `announcements`.
 */

export type Topic = string;

/** Whether a change of `changed` concerns whoever shows `shown`. `finding` concerns every `finding:ID`. */
export function concerns(changed: Topic, shown: Topic): boolean {
  return changed === shown || shown.startsWith(`${changed}:`);
}
