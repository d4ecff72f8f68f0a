// Every page of the route table, in both languages and both colour schemes, in a wide and a narrow window.
//
// axe-core finds nothing; nothing must be scrolled sideways; the console is silent; no other host is asked; and what is
// fetched for a page, without the preview of a mail in it, stays within its weight.
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";

import { axe } from "./axe.mjs";
import { filled, pages } from "./routes.mjs";
import { Visitor, launch } from "./visitor.mjs";
import { World } from "./world.mjs";

/// Compressed, as it comes over the wire: with a cache that is empty.
const WEIGHT_MAX = 50 * 1024;

/// A telephone; and the narrowest window of WCAG 2.2 §1.4.10.
const WIDTHS = [1280, 320];

/// However slow a machine is, something hangs by then.
const TEST_MS = 600_000;

let world, browser, values;
const weights = [];

before(async () => {
  world = await World.start();
  browser = await launch();
  // A library that has something on every page.
  await world.library("MRPL", { from: "ill@alder.example" });
  const good = await world.tell("MRPL", "BC-104233", { email: "patron@gmail.example" });
  const bad = await world.tell("MRPL", "BC-104180", { email: "nobody@outlook.example", first_name: "Étienne", surname: "Bélanger" });
  await world.tell("MRPL", "BC-104177", { first_name: "Noémie", surname: "Côté" });
  await world.state(good, "accepted");
  await world.state(bad, "failed");
  values = { library: "MRPL", at: "MRPL", id: bad, notice: "ready_for_pickup", provider: "gmail", secret: "guessed", tag: "fr" };
  values.token = await kit();
  values.pass = await device();
  values.word = "guessed";
  const hook = { url: "https://hooks.example/courtesy", types: ["message.failed"] };
  values.webhook = (await world.api("POST", "/v1/libraries/MRPL/webhooks", hook)).id;
});

after(async () => {
  await browser?.close();
  await world?.end();
  const heaviest = weights.sort((one, other) => other.weight - one.weight).slice(0, 5);
  for (const { path, weight } of heaviest) console.log(`# ${(weight / 1024).toFixed(1)} KB ${path}`);
});

/// The pass of a patron who has turned notifications on for a device; its keys are those of RFC 8291, Appendix A.
async function device() {
  const { pass, key } = await world.api("POST", "/v1/libraries/MRPL/push-link", { patron: "21234" });
  const p256dh = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
  const body = new URLSearchParams({ pass, key, p256dh, auth: "BTBZMqHH6r4Tts7J_aSIgg", endpoint: "https://push.example/a", name: "Firefox, Android" });
  const { status } = await fetch(`${world.url}/push/subscribe`, { method: "POST", body });
  assert.equal(status, 201);
  return pass;
}

/// The token of a link for the IT department, made as staff make it.
async function kit() {
  const visitor = await Visitor.open(browser, world);
  await visitor.signIn(world.link());
  await visitor.go("/staff/MRPL/ill-admin/it-kit");
  const found = (await visitor.page.content()).match(/\/it\/([\w.-]+)/);
  await visitor.context.close();
  return found?.[1] ?? "guessed";
}

/// Octets on the wire for each address a page asked for, frames aside.
async function weigh(visitor) {
  const session = await visitor.context.newCDPSession(visitor.page);
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  const asked = new Map();
  let main;
  session.on("Network.requestWillBeSent", ({ requestId, frameId }) => {
    main ??= frameId;
    if (frameId === main) asked.set(requestId, 0);
  });
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (asked.has(requestId)) asked.set(requestId, encodedDataLength);
  });
  return {
    begin: () => asked.clear(),
    end: () => [...asked.values()].reduce((sum, one) => sum + one, 0),
  };
}

/// A preview of a mail runs no scripts where it stands, not even ours: its text is looked at on an empty page.
async function mail(visitor, text) {
  const page = await visitor.context.newPage();
  await page.setContent(text);
  const faults = await axe(page, true);
  await page.close();
  return faults.map((fault) => `mail: ${fault}`);
}

async function inspect(visitor, weight, path) {
  const faults = [];
  if (process.env.TRACE) console.error(path);
  weight.begin();
  const answer = await visitor.go(path);
  await visitor.page.waitForLoadState("load");
  if (!(answer.headers()["content-type"] ?? "").startsWith("text/html")) return faults;
  if (/(^|;)\s*sandbox/.test(answer.headers()["content-security-policy"] ?? "")) return mail(visitor, await answer.text());
  // Where a path leads elsewhere, that page is looked at under its own name.
  if (visitor.path !== path) return faults;
  // What is folded away is looked at too.
  await visitor.page.evaluate(() => document.querySelectorAll("details").forEach((it) => (it.open = true)));
  const octets = weight.end();
  weights.push({ path, weight: octets });
  if (octets > WEIGHT_MAX) faults.push(`${octets} octets`);
  if ((await visitor.page.locator("html").getAttribute("lang")) !== visitor.language) faults.push("is in the other language");
  for (const colorScheme of ["light", "dark"]) {
    await visitor.page.emulateMedia({ colorScheme });
    for (const width of WIDTHS) {
      await visitor.page.setViewportSize({ width, height: 900 });
      const found = await axe(visitor.page);
      faults.push(...found.map((fault) => `${colorScheme} ${width}: ${fault}`));
      const wide = await visitor.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) faults.push(`${colorScheme} ${width}: ${wide} px must be scrolled sideways`);
    }
  }
  await visitor.page.setViewportSize({ width: 1280, height: 900 });
  return faults;
}

for (const language of ["en", "fr"]) {
  for (const isSignedIn of [false, true]) {
    test(`every page is sound (${language}, ${isSignedIn ? "the operator" : "a stranger"})`, { timeout: TEST_MS }, async () => {
      const visitor = await Visitor.open(browser, world, { language, still: true });
      if (isSignedIn) await visitor.signIn(world.link());
      const weight = await weigh(visitor);
      const faults = [];
      for (const { path, audience } of pages()) {
        // The language is chosen by the browser here; a stranger is led to the sign-in page from all others.
        if (path.startsWith("/language/") || (!isSignedIn && audience !== "Public")) continue;
        const at = filled(path, values);
        const found = await inspect(visitor, weight, at).catch(({ message }) =>
          // A file, which no browser shows.
          /Download is starting/.test(message) ? [] : [message],
        );
        faults.push(...found.map((fault) => `${at} ${fault}`));
      }
      await visitor.context.close();
      assert.deepEqual([...faults, ...visitor.complaints], []);
    });
  }
}
