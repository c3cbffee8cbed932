/** The fields of an agreement, with their English texts: its form, its page and the list's filters follow from this. */

import type { AgreementBody, AgreementStatus } from '../api/records';
import type { FormField } from '../format/fields';
import { commonTexts } from '../ui/strings';

export const agreementStatusNames: Record<AgreementStatus, string> = {
  draft: 'Draft',
  active: 'Active',
  terminated: 'Terminated',
};

export const agreementFields: readonly FormField<keyof AgreementBody>[] = [
  { name: 'name', as: 'line', label: commonTexts.name, most: 300, needed: commonTexts.nameNeeded },
  {
    name: 'reference',
    as: 'line',
    label: 'Reference',
    hint: 'What both sides call it, such as a contract number.',
  },
  {
    name: 'status',
    as: 'choice',
    label: commonTexts.status,
    any: commonTexts.anyStatus,
    options: Object.entries(agreementStatusNames),
    first: 'active',
  },
  { name: 'starts_on', as: 'date', label: 'Starts on', half: true, apart: true },
  {
    name: 'expires_on',
    as: 'date',
    label: 'Last day',
    needed: 'Enter the last day.',
    after: { name: 'starts_on', wrong: 'The last day is before the start date.' },
    half: true,
    apart: true,
  },
  {
    name: 'hours',
    as: 'number',
    label: 'Contracted hours',
    hint: commonTexts.optional,
    half: true,
    apart: true,
  },
  { name: 'hours_used', as: 'number', label: 'Hours used', first: 0, half: true, apart: true },
  { name: 'description', as: 'text', label: commonTexts.description },
];
