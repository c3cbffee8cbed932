/** A number with its noun: `1 finding`, `1,200 findings`. */
export const count = (value: number, one: string, many: string): string =>
  `${value.toLocaleString('en')} ${value === 1 ? one : many}`;
