/** The English texts of saved views. */

export const v = {
  label: 'Saved views',
  save: 'Save view',
  edit: 'Edit view',
  editOf: (name: string) => `Edit the view ${name}`,
  hint: 'Saves the filters and sort order of this list, for you only.',
  replaces: (name: string) => `This replaces the view ${name}.`,
} as const;
