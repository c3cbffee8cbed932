/** The icon of each kind of asset. */

import AppWindow from '@lucide/svelte/icons/app-window';
import Box from '@lucide/svelte/icons/box';
import Cloud from '@lucide/svelte/icons/cloud';
import Container from '@lucide/svelte/icons/container';
import GitBranch from '@lucide/svelte/icons/git-branch';
import Globe from '@lucide/svelte/icons/globe';
import Network from '@lucide/svelte/icons/network';
import Server from '@lucide/svelte/icons/server';
import type { AssetKind } from '../api/records';

const icons: Record<AssetKind, typeof Box> = {
  application: AppWindow,
  repository: GitBranch,
  host: Server,
  domain: Globe,
  network: Network,
  cloud: Cloud,
  image: Container,
  other: Box,
};
export const assetIcon = (kind: AssetKind): typeof Box => icons[kind] ?? Box;
