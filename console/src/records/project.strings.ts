/** The fields of a project, with their English texts: its form, its page and the filters of the list follow from this. */

import type { ProjectBody } from '../api/records';
import type { ProjectStatus } from '../api/types';
import type { FormField } from '../format/fields';
import { commonTexts } from '../ui/strings';

export const projectStatusNames: Record<ProjectStatus, string> = {
  planned: 'Planned',
  active: 'Active',
  completed: 'Completed',
};

export const projectFields: readonly FormField<keyof ProjectBody>[] = [
  { name: 'name', as: 'line', label: commonTexts.name, most: 300, needed: 'Enter a project name.' },
  { name: 'description', as: 'text', label: commonTexts.description },
  {
    name: 'status',
    as: 'choice',
    label: commonTexts.status,
    any: commonTexts.anyStatus,
    options: Object.entries(projectStatusNames),
    first: 'planned',
    apart: true,
  },
  { name: 'starts_on', as: 'date', label: 'Starts on', half: true, apart: true },
  {
    name: 'ends_on',
    as: 'date',
    label: 'Ends on',
    after: { name: 'starts_on', wrong: 'The end date is before the start date.' },
    half: true,
    apart: true,
  },
  { name: 'owners', as: 'owners' },
  { name: 'tags', as: 'tags' },
];
