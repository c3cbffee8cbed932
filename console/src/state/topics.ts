/**
 * What a change affects, as plain strings: `findings` (any list of findings), `finding:ID` (that one),
 * `finding` (each of them), and likewise for the other records; `calendar`; `inbox`; `bell`; `announcements`.
 */

export type Topic = string;

/** Whether a change of `changed` affects a source that shows `shown`. `finding` affects every `finding:ID`. */
export function concerns(changed: Topic, shown: Topic): boolean {
  return changed === shown || shown.startsWith(`${changed}:`);
}
