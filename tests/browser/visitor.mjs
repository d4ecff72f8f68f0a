// Somebody at a browser who has a keyboard and nothing else.
//
// In: a world, a language, with or without scripts. Out: a Visitor, who tabs to what they are after, as everybody can see
// where they are, and types. Whatever a page reports or asks of another host meanwhile fails the walk at its end.
import { strict as assert } from "node:assert";
import { chromium } from "playwright-core";

import { PATIENCE_MS } from "./world.mjs";
import { say } from "./words.mjs";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/// More stops than any page has.
const TABS_MAX = 600;

/// Each walk is walked so often.
export const WAYS = [
  { language: "en", scripts: true },
  { language: "en", scripts: false },
  { language: "fr", scripts: true },
  { language: "fr", scripts: false },
];

/// One Chromium for a file of walks.
export function launch() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-first-run", "--disable-background-networking", "--disable-component-update"],
    chromiumSandbox: false,
  });
}

export class Visitor {
  static async open(browser, world, { language = "en", scripts = true, dark = false, width = 1280, still = false } = {}) {
    const visitor = new Visitor();
    Object.assign(visitor, { world, language, scripts, complaints: [] });
    visitor.context = await browser.newContext({
      javaScriptEnabled: scripts,
      locale: language === "fr" ? "fr-CA" : "en-CA",
      colorScheme: dark ? "dark" : "light",
      viewport: { width, height: 900 },
      // Nothing is measured in the middle of a change.
      reducedMotion: still ? "reduce" : "no-preference",
    });
    visitor.context.setDefaultTimeout(PATIENCE_MS);
    visitor.page = await visitor.context.newPage();
    visitor.watch(visitor.page);
    return visitor;
  }

  /// Notes what must not happen on any page.
  watch(page) {
    page.on("console", (message) => {
      // A page that is not there, or a form shown again, is an answer and no fault of the page.
      if (/the server responded with a status of 4/.test(message.text())) return;
      if (["error", "warning"].includes(message.type())) this.complaints.push(`${page.url()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.complaints.push(`${page.url()}: ${error}`));
    page.on("request", (request) => {
      const url = request.url();
      const mayBe = [this.world.url, ...(this.friends ?? [])].some((one) => url.startsWith(`${one}/`));
      if (!mayBe && !/^(data|about|blob):/.test(url)) {
        this.complaints.push(`${page.url()} asks ${url}`);
      }
    });
  }

  /// Ends the visit; nothing may have been complained of.
  leave() {
    assert.deepEqual(this.complaints, []);
  }

  say(name, values) {
    return say(this.language, name, values);
  }

  /// Types an address into the address bar.
  async go(path) {
    const url = path.startsWith("http") ? path : this.world.url + path;
    const answer = await this.page.goto(url);
    assert.ok(answer.status() < 500, `${answer.status()} ${url}`);
    return answer;
  }

  get path() {
    const { pathname, search } = new URL(this.page.url());
    return pathname + search;
  }

  /// What there is to read.
  text() {
    return this.page.locator("body").innerText();
  }

  /// The page says this; waits for it where scripts are to bring it.
  async reads(words) {
    const found = this.page.locator("body").filter({ hasText: words });
    await found.waitFor({ timeout: 15_000 }).catch(async () => {
      assert.fail(`${this.path} does not say “${words}”, but: ${await this.text()}`);
    });
  }

  async readsNot(words) {
    const text = await this.text();
    assert.ok(!text.includes(words), `${this.path} says “${words}”: ${text}`);
  }

  /// Looks again until the page says this: by itself with scripts, by reloading without.
  async comesToRead(words) {
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await this.text()).includes(words)) {
      if (Date.now() > deadline) assert.fail(`${this.path} never says “${words}”, but: ${await this.text()}`);
      if (this.scripts) await this.page.waitForTimeout(200);
      else await this.page.reload();
    }
  }

  /// Tabs until `wanted` has the focus, and sees that it has.
  async reach(wanted) {
    await wanted.waitFor({ state: "attached" }).catch(async () => {
      assert.fail(`${wanted} is not on ${this.path}: ${await this.text()}`);
    });
    const element = await wanted.elementHandle();
    const focused = () => element.evaluate((it) => document.activeElement === it);
    for (let tabs = 0; !(await focused()); tabs += 1) {
      assert.ok(tabs < TABS_MAX, `the keyboard does not reach ${wanted} on ${this.path}`);
      await this.page.keyboard.press("Tab");
    }
    await this.seesFocus(element);
    return element;
  }

  /// WCAG 2.4.7 and 2.4.11: the focus shows, and nothing lies over it.
  async seesFocus(element) {
    const fault = await element.evaluate((it) => {
      const style = getComputedStyle(it);
      // A box of our own may be drawn by its label.
      const label = it.labels?.[0] && getComputedStyle(it.labels[0], "::before");
      const shows = (one) => one && ((one.outlineStyle !== "none" && parseFloat(one.outlineWidth) > 0) || one.boxShadow !== "none");
      if (!shows(style) && !shows(label)) return "its focus does not show";
      const box = it.getBoundingClientRect();
      const [x, y] = [box.x + box.width / 2, box.y + Math.min(box.height / 2, 20)];
      if (y < 0 || y > innerHeight) return "it is outside of the window";
      const top = document.elementFromPoint(x, y);
      const same = top && (it.contains(top) || top.contains(it) || [...(it.labels ?? [])].some((one) => one.contains(top)));
      return same ? null : `${top?.outerHTML.slice(0, 80)} lies over it`;
    });
    if (fault) this.complaints.push(`${this.path}: ${await element.evaluate((it) => it.outerHTML.slice(0, 120))}: ${fault}`);
  }

  /// A button or link with these words.
  control(words, within = this.page) {
    const named = (role) => within.getByRole(role, { name: words });
    return named("button").or(named("link")).or(named("switch")).first();
  }

  /// Reaches a button or link, by its words or as it is, and presses Enter; waits for the page that it leads to.
  async press(wanted, within) {
    await this.reach(typeof wanted === "string" ? this.control(wanted, within) : wanted);
    await this.enter();
  }

  /// Enter, and the page that follows.
  async enter() {
    await Promise.all([this.page.waitForNavigation({ timeout: PATIENCE_MS }), this.page.keyboard.press("Enter")]);
  }

  /// Opens what is folded away under these words.
  async unfold(words, within = this.page) {
    const summary = within.locator("summary", { hasText: words }).first();
    await this.reach(summary);
    if (!(await summary.evaluate((it) => it.parentElement.open))) await this.page.keyboard.press("Enter");
  }

  /// Writes into the field with this label, in the place of what stands there.
  async fill(label, text, within = this.page) {
    await this.reach(within.getByLabel(label, { exact: true }).first());
    await this.write(text);
  }

  /// Writes in the place of what stands in the field that has the focus.
  async write(text) {
    await this.page.keyboard.press("Control+A");
    // Letters beyond the keyboard's come as a whole, as from an input method.
    await this.page.keyboard.press("Delete");
    await this.page.keyboard.insertText(text);
  }

  /// Chooses from a list.
  async choose(label, value, within = this.page) {
    const list = await this.reach(within.getByLabel(label, { exact: true }).first());
    await this.page.keyboard.press("Home");
    for (let steps = 0; (await list.evaluate((it) => it.value)) !== value; steps += 1) {
      assert.ok(steps < 100, `${label} has no ${value}`);
      await this.page.keyboard.press("ArrowDown");
    }
  }

  /// Ticks a box or takes its tick away.
  async tick(box, wanted = true) {
    const element = await this.reach(box);
    if ((await element.isChecked()) !== wanted) await this.page.keyboard.press("Space");
    assert.equal(await element.isChecked(), wanted);
  }

  /// Picks one of several with the arrow keys.
  async pick(radio) {
    const wanted = await radio.elementHandle();
    const inGroup = () => wanted.evaluate((it) => document.activeElement.name === it.name && document.activeElement.form === it.form);
    for (let tabs = 0; !(await inGroup()); tabs += 1) {
      assert.ok(tabs < TABS_MAX, `the keyboard does not reach ${radio} on ${this.path}`);
      await this.page.keyboard.press("Tab");
    }
    for (let steps = 0; !(await wanted.isChecked()); steps += 1) {
      assert.ok(steps < 20, `the arrows do not reach ${radio}`);
      const isFocused = await wanted.evaluate((it) => document.activeElement === it);
      await this.page.keyboard.press(isFocused ? "Space" : "ArrowDown");
    }
  }

  /// Signs in by a one-time link.
  async signIn(link) {
    await this.go(link);
    await this.press(this.say("sign-in-button"));
  }
}
