// components.mjs
// Writes the components of the product to standard output, as CycloneDX: the crates in the server and the npm packages in
// its console. Two runs on the same sources write the same.
import { crates, packages } from './product.mjs';

const cargo = ({ name, version }) => `pkg:cargo/${name}@${encodeURIComponent(version)}`;
const npm = ({ name, version }) => `pkg:npm/${name.replace('@', '%40')}@${version}`;

const component = (purl, { name, version, license, checksum }) => ({
  type: 'library',
  'bom-ref': purl,
  name,
  version,
  ...(checksum && { hashes: [{ alg: 'SHA-256', content: checksum }] }),
  licenses: [{ expression: license }],
  purl,
});

const linked = crates();
const bundled = packages();
const [server] = linked;
// Our own crates are the product itself: under their names the registry has others.
const ours = linked.filter(({ own }) => own);
const others = linked.filter(({ own }) => !own);
const purls = new Map(others.map((one) => [`${one.name} ${one.version}`, cargo(one)]));
const needs = (...users) => {
  const keys = new Set(users.flatMap((one) => [...one.needs]));
  return [...keys].filter((key) => purls.has(key)).map((key) => purls.get(key)).sort();
};
const product = `pkg:generic/${server.name}@${server.version}`;

const document = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  version: 1,
  metadata: { component: { ...component(product, server), type: 'application' } },
  components: [...others.map((one) => component(cargo(one), one)), ...bundled.map((one) => component(npm(one), one))],
  dependencies: [
    { ref: product, dependsOn: [...needs(...ours), ...bundled.map(npm).sort()] },
    ...others.map((one) => ({ ref: cargo(one), dependsOn: needs(one) })),
    ...bundled.map((one) => ({ ref: npm(one) })),
  ],
};
console.log(JSON.stringify(document, null, 2));
