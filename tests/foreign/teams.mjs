// Parses and renders the cards for hostile titles with Microsoft's own library.
//
// Usage: node teams.mjs FOLDER. Fixture 000 has the title "plain title"; every other one must render to the same elements.

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseHTML } from "linkedom";

const { window, document } = parseHTML("<!doctype html><html><body></body></html>");
Object.assign(globalThis, { window, document, Node: window.Node });
for (const name of ["HTMLElement", "HTMLButtonElement", "HTMLInputElement"]) globalThis[name] = window[name];
window.getComputedStyle ??= () => ({ getPropertyValue: () => "" });
// Like a browser's innerText, this sets text without creating elements.
Object.defineProperty(window.HTMLElement.prototype, "innerText", {
  get() {
    return this.textContent;
  },
  set(text) {
    this.textContent = text;
  },
});

// The bundle: the package's modules lack the file extensions that Node requires.
const require = createRequire(import.meta.url);
const { AdaptiveCard, HostConfig, SerializationContext, Version } = require("adaptivecards/dist/adaptivecards.js");

const folder = process.argv[2];
const titles = JSON.parse(readFileSync(join(folder, "titles.json"), "utf8"));

/** The elements of a rendered card, without their texts. */
const skeleton = (node) => [node.tagName, [...node.children].map(skeleton)];
const all = (node) => [node, ...[...node.children].flatMap(all)];

let plain;
let passed = 0;
let failed = 0;
const files = readdirSync(join(folder, "teams")).sort();
if (files.length !== titles.length || files.length <= 100) {
  throw new Error(`${files.length} cards for ${titles.length} titles`);
}
files.forEach((file, number) => {
  try {
    const payload = JSON.parse(readFileSync(join(folder, "teams", file), "utf8"));
    const card = new AdaptiveCard();
    card.hostConfig = new HostConfig({ fontFamily: "Segoe UI" });
    const context = new SerializationContext(new Version(1, 4));
    card.parse(payload.attachments[0].content, context);
    const events = Array.from({ length: context.eventCount }, (_, index) => context.getEventAt(index).message);
    if (events.length > 0) throw new Error(`the parser says: ${events.join("; ")}`);
    const faults = card.validateProperties().validationEvents.map((event) => event.message);
    if (faults.length > 0) throw new Error(`the card is not valid: ${faults.join("; ")}`);
    const rendered = card.render();
    const shape = JSON.stringify(skeleton(rendered));
    plain ??= shape;
    if (shape !== plain) throw new Error(`other elements: ${shape}`);
    const alive = all(rendered).filter((element) => ["A", "IMG", "SCRIPT", "IFRAME"].includes(element.tagName));
    if (alive.length > 0) throw new Error(`it holds ${alive.map((element) => element.outerHTML).join()}`);
    const title = titles[number];
    if (title.length < 200 && !title.includes("{{") && !title.includes("}}") && !rendered.textContent.includes(title)) {
      throw new Error(`the title is not shown: ${rendered.textContent}`);
    }
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${file} ${JSON.stringify(titles[number]).slice(0, 200)}: ${String(error).slice(0, 2000)}`);
  }
});
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed !== titles.length ? 1 : 0);
