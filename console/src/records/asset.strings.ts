/** The fields of an asset, with their English texts: its form, its page and the filters of the list follow from this. */

import type { AssetBody, AssetKind, AssetStatus, Criticality } from '../api/records';
import type { FormField } from '../format/fields';
import { commonTexts } from '../ui/strings';

export const assetKindNames: Record<AssetKind, string> = {
  application: 'Application',
  repository: 'Repository',
  host: 'Host',
  domain: 'Domain',
  network: 'Network',
  cloud: 'Cloud',
  image: 'Image',
  other: 'Other',
};

export const assetStatusNames: Record<AssetStatus, string> = { active: 'In use', retired: 'Retired' };

export const criticalityNames: Record<Criticality, string> = {
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
};

export const assetFields: readonly FormField<keyof AssetBody>[] = [
  { name: 'name', as: 'line', label: commonTexts.name, most: 300, needed: commonTexts.nameNeeded },
  { name: 'identifier', as: 'line', label: 'Address', hint: 'A unique address, URL or path.' },
  {
    name: 'kind',
    as: 'choice',
    label: 'Kind',
    any: 'Any kind',
    options: Object.entries(assetKindNames),
    first: 'application',
  },
  {
    name: 'criticality',
    as: 'choice',
    label: 'Criticality',
    any: 'Any criticality',
    hint: 'How important it is.',
    options: Object.entries(criticalityNames),
    first: 'medium',
  },
  {
    name: 'status',
    as: 'choice',
    label: commonTexts.status,
    any: commonTexts.anyStatus,
    hint: 'A retired asset keeps its findings.',
    options: Object.entries(assetStatusNames),
    later: true,
  },
  { name: 'description', as: 'text', label: commonTexts.description },
  { name: 'owners', as: 'owners' },
  { name: 'tags', as: 'tags' },
];
