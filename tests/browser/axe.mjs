// What axe-core finds on the page that is open: WCAG 2.2 AA and its advice for websites; a mail is held to WCAG alone.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/// What is wrong, a line for each place.
export async function axe(page, isMail = false) {
  await page.evaluate(AXE);
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", ...(isMail ? [] : ["best-practice"])];
  const { violations } = await page.evaluate(
    // Frames hold previews of mail, which are looked at as pages of their own.
    (tags) => axe.run(document, { runOnly: tags, resultTypes: ["violations"], iframes: false, preload: false }),
    tags,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary.replace(/\s+/g, " ").slice(0, 300)}`),
  );
}
