// A world of its own for each file of walks: the practice internet, and the real binary over a new database.
//
// In: nothing. Out: a World, with its address, its API and the practice internet's commands. Everything that is started
// here is ended here, by its own handle. What a browser does stands in visitor.mjs.
import { spawn, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

const ROOT = new URL("../..", import.meta.url).pathname;
const BINARY = process.env.COURTESY_BIN ?? join(ROOT, "target/debug/courtesy");
const INTERNET = process.env.PRACTICE_INTERNET ?? join(ROOT, "target/debug/examples/internet");

/// Nothing here takes a second on a free machine; a busy one gets a minute.
export const PATIENCE_MS = 60_000;
const LOOK_AGAIN_MS = 50;

// The binary takes every variable that begins so for one of its options.
const ENVIRONMENT = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("COURTESY_")));

// However a run ends, nothing is left behind.
const started = new Set();
process.on("exit", () => started.forEach((child) => child.kill("SIGKILL")));

function start(program, words, stdio) {
  const child = spawn(program, words, { stdio, env: ENVIRONMENT });
  started.add(child);
  child.once("exit", () => started.delete(child));
  return child;
}

/// Asks `found` until it answers something, for at most PATIENCE_MS.
export async function until(what, found) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await found();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await pause(LOOK_AGAIN_MS);
  }
}

const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

// What the service calls these families of providers.
const PROVIDERS = { gmail: "gmail", outlook: "outlook", microsoft365: "microsoft365", yahoo: "yahoo", apple: "apple" };

function settings(facts, folder, port, more) {
  const { service } = facts;
  const hosts = facts.providers
    .filter(({ family }) => PROVIDERS[family])
    .map(({ domain, family }) => `"${domain}=${PROVIDERS[family]}"`);
  const relays = facts.relays.map(
    (source, at) => `[[relay]]\nhost = "out${at + 1}.${service}"\nregion = "practice"\nsources = ["${source}"]\n`,
  );
  return `public_host = "${service}"
public_url = "http://localhost:${port}"
data = "${folder}/data"
[listen]
http = "127.0.0.1:${port}"
[dns]
resolver = "${facts.resolver}"
believe_at_most = "1s"
[smtp]
port = ${facts.smtp_port}
loopback = true
provider_hosts = [${hosts.join(", ")}]
[shared]
domain = "${service}"
return_path_label = "ill"
[log]
level = "warn"
${more}${relays.join("")}`;
}

/// The practice internet: one answer for each command, in order.
class Internet {
  constructor() {
    this.process = start(INTERNET, [], ["pipe", "pipe", "inherit"]);
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async answer() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error("the practice internet has ended");
    const answer = JSON.parse(value);
    if (answer.error) throw new Error(answer.error);
    return answer;
  }

  tell(command) {
    this.process.stdin.write(`${command}\n`);
    return this.answer();
  }

  publish(name, text) {
    return this.tell(`txt ${name} ${text}`);
  }

  delegate(name, target) {
    return this.tell(`cname ${name} ${target}`);
  }

  refuse(provider, count) {
    return this.tell(`refuse ${provider} ${count}`);
  }

  mails(address) {
    return this.tell(`mails ${address}`);
  }

  end() {
    this.process.stdin.end();
    this.process.kill();
  }
}

export class World {
  /// Starts everything, with `more` settings; `end` must be called.
  static async start(more = "") {
    const world = new World();
    world.more = more;
    try {
      await world.set();
    } catch (error) {
      await world.end();
      throw error;
    }
    return world;
  }

  async set() {
    this.folder = mkdtempSync(join(tmpdir(), "courtesy-browser-"));
    this.internet = new Internet();
    this.facts = await this.internet.answer();
    const port = await freePort();
    // By its name: passkeys belong to names, and a browser trusts this one without HTTPS.
    this.url = `http://localhost:${port}`;
    this.config = join(this.folder, "courtesy.toml");
    writeFileSync(this.config, settings(this.facts, this.folder, port, this.more));
    const log = openSync(join(this.folder, "courtesy.log"), "a");
    this.process = start(BINARY, ["--config", this.config, "serve"], ["ignore", log, log]);
    await until(`${BINARY} answers`, async () => {
      if (this.process.exitCode !== null) throw new Error(`it ended with ${this.process.exitCode}: ${this.log()}`);
      return fetch(`${this.url}/health`).catch(() => null);
    });
    const key = join(this.folder, "data/operator.key");
    // The doors open a moment before the key is written.
    this.key = await until("the operator's key is there", () => existsSync(key) && readFileSync(key, "utf8").trim());
    await this.publishKeys();
  }

  log() {
    return readFileSync(join(this.folder, "courtesy.log"), "utf8").slice(-2000);
  }

  async end() {
    if (this.process?.exitCode === null) {
      this.process.kill("SIGTERM");
      await new Promise((resolve) => this.process.once("exit", resolve));
    }
    this.internet.end();
    rmSync(this.folder, { recursive: true });
  }

  /// What the command line answers.
  command(...words) {
    return execFileSync(BINARY, ["--config", this.config, ...words], { encoding: "utf8", env: ENVIRONMENT, stdio: "pipe" });
  }

  /// A link that signs in once, on the address that this world listens on.
  link(login) {
    const told = this.command("sign-in", ...(login ? [login] : []));
    return this.url + told.match(/\/sign-in\/link\/[\w-]+/)[0];
  }

  /// One call of the API, as the operator or with another key.
  async api(method, path, body, key = this.key) {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const headers = { authorization: `Bearer ${key}` };
    const answer = await fetch(this.url + path, { method, headers, body: body === undefined ? undefined : text });
    const told = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} ${answer.status}: ${told}`);
    return told.startsWith("{") || told.startsWith("[") ? JSON.parse(told) : told;
  }

  /// Publishes the operator's signing keys, as `courtesy dkim zone` prints them; of a library too, once they are made.
  async publishKeys(library = "") {
    const selector = library ? `.${library.toLowerCase()}.dkim.` : "._domainkey.";
    const text = await until(`the keys ${library} are made`, async () => {
      const zone = await this.api("GET", "/v1/zone").catch(() => "");
      return zone.split(selector).length > 2 && zone;
    });
    // One record a line: `name. IN TXT "part" "part"`.
    for (const [, name, value] of text.matchAll(/^(\S+) IN TXT ("v=DKIM1[^\n]*)$/gm)) {
      const joined = [...value.matchAll(/"([^"]*)"/g)].map(([, part]) => part).join("");
      await this.internet.publish(name.replace(/\.$/, ""), joined);
    }
  }

  /// A library with what every Participant Record needs, and more.
  async library(code, more = {}) {
    const record = {
      code,
      name: { en: "Maple Ridge Public Library", fr: "Bibliothèque publique de Maple Ridge" },
      phone: "+1 604 555 0100",
      time_zone: "America/Vancouver",
      languages: ["en", "fr"],
      region: "practice",
      reply_to: "desk@mapleridge.example",
      ...more,
    };
    await this.api("PUT", `/v1/libraries/${code}`, record);
  }

  /// Tells of a book that waits for somebody, and gives the message's id.
  async tell(library, request, patron, more = {}) {
    const told = await this.api("POST", "/v1/events", {
      library,
      request,
      status: "ready_for_pickup",
      patron: { ref: "21234", first_name: "Amira", surname: "Kowalczyk", ...patron },
      fields: { title: "The Overstory", author: "R. Powers", pickup_by: "2031-12-01" },
      ...more,
    });
    return told.messages[0].id;
  }

  /// Waits until a message is in this state.
  async state(id, wanted) {
    return until(`${id} ${wanted}`, async () => {
      const message = await this.api("GET", `/v1/messages/${id}`);
      return message.state === wanted && message;
    });
  }
}
