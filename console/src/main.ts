import './styles/tokens.css';
import './styles/base.css';
import './styles/contrast.css';

import { mount } from 'svelte';
import App from './App.svelte';
import { startRouter } from './state/router.svelte';

const target = document.getElementById('app');
if (target) {
  startRouter();
  mount(App, { target });
}
