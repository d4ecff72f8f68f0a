// Firefox with a push service of our choice, driven by WebDriver BiDi without another program between.
//
// In: the service's address. Out: a Firefox with one tab: where it is, what runs in it, what it shows. It is ended here, by its own
// handle, and its profile with it.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import WebSocket from "ws";
import { PATIENCE_MS, until } from "./world.mjs";

/// Where Firefox is; nothing where it is not.
export function found() {
  for (const name of [process.env.FIREFOX, "firefox-esr", "firefox"].filter(Boolean)) {
    try {
      execFileSync(name, ["--version"], { stdio: "pipe" });
      return name;
    } catch {
      // The next name.
    }
  }
  return undefined;
}

const settings = (pushService) => ({
  "dom.push.serverURL": pushService,
  "dom.push.testing.allowInsecureServerURL": true,
  "dom.push.connection.enabled": true,
  // A line that broke is taken up again at once; it waits longer each time, but never longer than this.
  "dom.push.retryBaseInterval": 200,
  "dom.push.pingInterval": 1000,
  "permissions.default.desktop-notification": 1,
  "dom.webnotifications.requireuserinteraction": false,
  "alerts.useSystemBackend": false,
  // It asks nobody outside.
  "app.update.enabled": false,
  "browser.safebrowsing.downloads.enabled": false,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "extensions.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,#remote-settings-dummy/v1",
  "toolkit.telemetry.enabled": false,
});

export class Firefox {
  waiting = new Map();
  last = 0;

  static async start(program, pushService) {
    const firefox = new Firefox();
    firefox.profile = mkdtempSync(join(tmpdir(), "courtesy-firefox-"));
    const lines = Object.entries(settings(pushService)).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`);
    writeFileSync(join(firefox.profile, "user.js"), lines.join("\n"));
    const words = ["--headless", "--no-remote", "--profile", firefox.profile, "--remote-debugging-port=0"];
    firefox.process = spawn(program, words, { stdio: ["ignore", "ignore", "pipe"] });
    const dies = () => firefox.process.kill("SIGKILL");
    process.once("exit", dies);
    firefox.process.once("exit", () => process.off("exit", dies));
    const address = await firefox.address();
    firefox.socket = new WebSocket(`${address}/session`);
    firefox.socket.on("message", (data) => firefox.hear(JSON.parse(data)));
    await new Promise((resolve, reject) => firefox.socket.once("open", resolve).once("error", reject));
    await firefox.tell("session.new", { capabilities: {} });
    const { contexts } = await firefox.tell("browsingContext.getTree", {});
    firefox.tab = contexts[0].context;
    return firefox;
  }

  // It says on stderr where it listens.
  async address() {
    const late = setTimeout(() => this.process.kill("SIGKILL"), PATIENCE_MS);
    for await (const line of createInterface({ input: this.process.stderr })) {
      const [, address] = /WebDriver BiDi listening on (ws:\S+)/.exec(line) ?? [];
      if (address) {
        clearTimeout(late);
        this.process.stderr.resume();
        return address;
      }
    }
    throw new Error("Firefox did not start");
  }

  hear({ id, result, error, message }) {
    const asked = this.waiting.get(id);
    this.waiting.delete(id);
    if (error) asked?.reject(new Error(`${error}: ${message}`));
    else asked?.resolve(result);
  }

  tell(method, params) {
    this.last += 1;
    const id = this.last;
    const answer = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    this.socket.send(JSON.stringify({ id, method, params }));
    return answer;
  }

  async open(url) {
    await this.tell("browsingContext.navigate", { context: this.tab, url, wait: "complete" });
  }

  /// What `expression` comes to in the page, as JSON; a press of a button counts as one by the person.
  async run(expression) {
    const { result, exceptionDetails } = await this.tell("script.evaluate", {
      expression: `(async () => JSON.stringify((await (${expression})) ?? null))()`,
      target: { context: this.tab },
      awaitPromise: true,
      userActivation: true,
    });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.text}`);
    return JSON.parse(result.value);
  }

  /// The words of every button that can be seen.
  buttons() {
    return this.run(`[...document.querySelectorAll("main button")].filter((one) => one.checkVisibility()).map((one) => one.textContent.trim())`);
  }

  /// Waits until there is a button with these words, and presses it.
  async press(words) {
    const button = `[...document.querySelectorAll("button")].find((one) => one.checkVisibility() && one.textContent.trim() === ${JSON.stringify(words)})`;
    await until(`there is a button ${words}`, () => this.run(`!!${button}`).catch(() => false));
    await this.run(`${button}.click()`);
  }

  /// Waits until there is a field with this id, and writes into it.
  async fill(id, text) {
    const field = `document.getElementById(${JSON.stringify(id)})`;
    await until(`there is a field ${id}`, () => this.run(`!!${field}`).catch(() => false));
    await this.run(`(${field}.value = ${JSON.stringify(text)})`);
  }

  /// Waits until the page says `words`; it may be loading meanwhile.
  async says(words) {
    await until(`the page says ${words}`, () =>
      // Before its styles are there a page is not drawn, and says all its words.
      this.run(`document.body.checkVisibility() && document.body.innerText.includes(${JSON.stringify(words)})`).catch(() => false),
    );
  }

  /// What shows on the screen of what this origin has sent.
  shown() {
    const read = "({ title, body, tag, lang }) => ({ title, body, tag, lang })";
    return this.run(`navigator.serviceWorker.ready.then((it) => it.getNotifications()).then((all) => all.map(${read}))`);
  }

  async end() {
    this.socket?.terminate();
    if (this.process.exitCode === null) {
      this.process.kill("SIGTERM");
      await new Promise((resolve) => this.process.once("exit", resolve));
    }
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
