// Renders cards with Microsoft's own library into a page, for a browser to make a picture of: for viewing, nothing is
// checked here.
//
// Usage: node cards.mjs LIBRARY PAGE CARD…, where a CARD is a golden page of the wording or the JSON of a payload.

import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

const [library, page, ...files] = process.argv.slice(2);

/** The card in a payload, or in the part of a golden page that shows it. */
function card(file) {
  const text = readFileSync(file, "utf8");
  const payload = text.startsWith("{") ? text : text.split("==== teams\n")[1].split("\n==== ")[0];
  return { name: basename(file), content: JSON.parse(payload).attachments[0].content };
}

// The look of Teams, as far as it matters: fonts, spacing, the colours of containers.
const looks = (text, soft, styles) => ({
  fontFamily: "'Segoe UI', 'Liberation Sans', 'DejaVu Sans', sans-serif",
  fontSizes: { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 },
  fontWeights: { lighter: 300, default: 400, bolder: 600 },
  spacing: { small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 16 },
  separator: { lineThickness: 1, lineColor: soft },
  actions: { actionsOrientation: "horizontal", actionAlignment: "left", buttonSpacing: 8 },
  containerStyles: Object.fromEntries(
    Object.entries(styles).map(([name, backgroundColor]) => {
      const colour = { default: text, subtle: text };
      return [name, { backgroundColor, foregroundColors: { default: colour } }];
    }),
  ),
});
const light = looks("#242424", "#e0e0e0", {
  default: "#ffffff", emphasis: "#f5f5f5", attention: "#fdf3f4", warning: "#fff9f5", accent: "#ebf3fc", good: "#f1faf1",
});
const dark = looks("#ffffff", "#525252", {
  default: "#292929", emphasis: "#1f1f1f", attention: "#3f1011", warning: "#411200", accent: "#0e2842", good: "#052505",
});

const script = `
for (const [looks, ground] of [[LOOKS.light, "#f0f0f0"], [LOOKS.dark, "#141414"]]) {
  const column = document.body.appendChild(document.createElement("div"));
  column.style.cssText = "flex:1;min-width:0;padding:12px;background:" + ground;
  for (const { name, content } of CARDS) {
    const title = column.appendChild(document.createElement("p"));
    title.textContent = name;
    const card = new AdaptiveCards.AdaptiveCard();
    card.hostConfig = new AdaptiveCards.HostConfig(looks);
    card.parse(content);
    column.appendChild(card.render()).className += " card";
  }
}`;
const json = (value) => JSON.stringify(value).replaceAll("<", "\\u003c");
writeFileSync(
  page,
  `<!doctype html><meta charset="utf-8"><style>
body { display: flex; margin: 0 }
p { font: 12px monospace; color: #888; margin: 12px 0 4px }
.card { border-radius: 6px; overflow: hidden }
button { font: 600 14px sans-serif; padding: 6px 16px; border-radius: 4px; border: 1px solid #c0c0c0; background: #fff }
</style><body><script>${readFileSync(library, "utf8").replaceAll("</script", "<\\/script")}</script>
<script>const LOOKS = ${json({ light, dark })}, CARDS = ${json(files.map(card))};${script}</script>`,
);
