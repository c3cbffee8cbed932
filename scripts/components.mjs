// components.mjs FILE
// The components of the product, as CycloneDX: those of FILE, which cargo-cyclonedx wrote of the server, with the npm packages
// that its console contains. What is in the console, its build says.
import { readFileSync } from 'node:fs';

const product = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const bundled = JSON.parse(readFileSync('console/dist/.vite/licenses.json', 'utf8'));
const font = JSON.parse(readFileSync('console/node_modules/@fontsource-variable/inter/package.json', 'utf8'));
const packages = [...bundled, { name: font.name, version: font.version, identifier: font.license }];

/** The package URL of an npm package: the slash of a scope stays, its sign is encoded. */
const purl = ({ name, version }) => `pkg:npm/${name.replace('@', '%40')}@${version}`;

const components = packages.map((one) => ({
  type: 'library',
  'bom-ref': purl(one),
  name: one.name,
  version: one.version,
  licenses: [{ expression: one.identifier }],
  purl: purl(one),
}));
const own = product.dependencies.find(({ ref }) => ref === product.metadata.component['bom-ref']);
own.dependsOn = [...(own.dependsOn ?? []), ...components.map((one) => one['bom-ref'])];
product.components.push(...components);
product.dependencies.push(...components.map((one) => ({ ref: one['bom-ref'] })));
console.log(JSON.stringify(product, null, 2));
