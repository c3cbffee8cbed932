/** The shapes that the server describes: `schema.d.ts`, generated from `openapi.json`. */

import type { components } from './schema';

type Served = components['schemas'];

/** The description leaves open whether a field that may be null is sent. In answers it always is. */
type Sent<T> = T extends (infer Item)[]
  ? Sent<Item>[]
  : T extends object
    ? { [Field in keyof T]-?: Sent<T[Field]> }
    : T;

/** What the server answers. */
export type Answer<Name extends keyof Served> = Sent<Served[Name]>;
/** What the server takes. */
export type Body<Name extends keyof Served> = Served[Name];
/** What a create and a change call take: the same form sends both. */
export type Bodies<Create extends keyof Served, Change extends keyof Served> = Partial<Served[Create]> &
  Served[Change];

/** Every name of a type, in this order: it does not compile without one of them. */
export const namesOf = <Name extends string>(names: Record<Name, true>): readonly Name[] =>
  Object.keys(names) as Name[];
