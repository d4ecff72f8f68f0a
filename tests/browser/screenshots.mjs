// Pictures of the main pages, of the demonstration's libraries: those of docs/screenshots, or all of them to look at.
//
//     node screenshots.mjs                     writes ../../docs/screenshots
//     node screenshots.mjs --all FOLDER        every page in both languages and schemes, wide and narrow
//     node screenshots.mjs --all FOLDER find   those with one of these words in their path; WIDTHS=1280 only so wide
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";

// Ours are the system's fonts: there is nothing to wait for, and a window in the background waits for ever.
process.env.PW_TEST_SCREENSHOT_NO_FONTS_READY = "1";

import { filled, pages } from "./routes.mjs";
import { Visitor, launch } from "./visitor.mjs";

const BINARY = process.env.COURTESY_BIN ?? new URL("../../target/debug/courtesy", import.meta.url).pathname;
const SHOWN = [
  ["home", "/staff/BRCH", { language: "en" }],
  ["home-fr-dark", "/staff/CDRE", { language: "fr", dark: true }],
  ["message", "/staff/BRCH/messages/{id}", { language: "en" }],
  ["notices", "/staff/BRCH/ill-admin/patron-notices", { language: "en" }],
  ["editor", "/staff/BRCH/ill-admin/notices/ready_for_pickup", { language: "en" }],
  ["set-up", "/staff/ALDR/ill-admin/patron-notices/set-up", { language: "en" }],
  ["it-kit", "/it/{token}", { language: "en" }],
  ["consortium", "/consortium", { language: "en" }],
];

const { COURTESY_BIN: _, ...environment } = process.env;
const demo = spawn(BINARY, ["demo"], { env: environment, stdio: ["ignore", "pipe", "inherit"] });
process.on("exit", () => demo.kill());
const link = await new Promise((resolve) => {
  createInterface({ input: demo.stdout }).on("line", (line) => {
    const found = line.match(/http:\/\/\S+\/sign-in\/link\/[\w-]+/);
    if (found) resolve(found[0]);
  });
});
const world = { url: new URL(link).origin };
const browser = await launch();
const first = await Visitor.open(browser, world, { still: true });
await first.signIn(link);
const cookies = await first.context.cookies();

/// A visitor who is signed in.
async function visitor(way) {
  const one = await Visitor.open(browser, world, { ...way, still: true });
  await one.context.addCookies(cookies);
  return one;
}

const ofPage = async (path, pattern) => {
  await first.go(path);
  return (await first.page.content()).match(pattern)?.[1] ?? "none";
};
const values = {
  library: "BRCH",
  at: "BRCH",
  notice: "ready_for_pickup",
  provider: "gmail",
  secret: "guessed",
  tag: "en",
  id: await ofPage("/staff/BRCH/messages", /messages\/(msg_\w+)/),
  token: await ofPage("/staff/ALDR/ill-admin/it-kit", /\/it\/([\w.-]+)/),
};

async function shoot(visit, path, file, wholePage) {
  await visit.go(path);
  await visit.page.waitForLoadState("networkidle");
  await visit.page.evaluate(() => document.activeElement?.blur());
  await visit.page.bringToFront();
  await visit.page.screenshot({ path: file, fullPage: wholePage });
}

const [how, folder, ...wanted] = process.argv.slice(2);
if (how === "--all") {
  mkdirSync(folder, { recursive: true });
  const widths = process.env.WIDTHS?.split(",").map(Number) ?? [1280, 320];
  const all = pages().map(({ path }) => path).filter((path) => !/language|\.(csv|vcf|xml|txt)$|preview$/.test(path));
  const paths = all.filter((path) => !wanted.length || wanted.some((word) => path.includes(word)));
  for (const language of ["en", "fr"]) {
    for (const dark of [false, true]) {
      for (const width of widths) {
        const visit = await visitor({ language, dark, width });
        for (const path of paths) {
          const name = path.replace(/\W+/g, "-").replace(/^-|-$/g, "") || "front";
          const given = { webhook: "none", pass: "none", word: "none", ...values };
          await shoot(visit, filled(path, given), `${folder}/${name}.${language}.${dark ? "dark" : "light"}.${width}.png`, true);
        }
        await visit.context.close();
      }
    }
  }
} else {
  const folder = new URL("../../docs/screenshots/", import.meta.url).pathname;
  mkdirSync(folder, { recursive: true });
  for (const [name, path, way] of SHOWN) {
    const visit = await visitor(way);
    const file = `${folder}${name}.png`;
    await shoot(visit, filled(path, values), file, false);
    // A third of the octets, where it is here (Debian's pngquant).
    spawnSync("pngquant", ["--quality", "70-95", "--strip", "--force", "--output", file, file]);
    await visit.context.close();
  }
}
await browser.close();
process.exit(0);
