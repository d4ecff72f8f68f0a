// Another library's pages, forms and API: with every role's session and with a library's key, what is theirs is not there.
//
// Over the wire, without a browser: what is asked is what somebody with bad intentions would ask.
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";

import { addresses, filled, routes } from "./routes.mjs";
import { World } from "./world.mjs";

// What stands in the other library's data and nowhere else.
const SECRETS = ["XX-SECRET", "Zebedee", "patron-theirs", "hooks-of-theirs"];
const ROLES = ["desk", "editor", "admin", "it", "auditor"];
const FORM = { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin" };

let world, theirs, key;

/// Somebody signed in, who sends what they like.
class Session {
  constructor(cookie = "") {
    this.cookie = cookie;
  }

  ask(method, path, { body, headers = {} } = {}) {
    return fetch(world.url + path, {
      method,
      body,
      redirect: "manual",
      headers: { accept: "text/html", cookie: this.cookie, ...(body === undefined ? {} : FORM), ...headers },
    });
  }

  async token(path) {
    return (await (await this.ask("GET", path)).text()).match(/name="form" value="([^"]+)"/)[1];
  }

  async send(path, fields, from = "/account") {
    return this.ask("POST", path, { body: String(new URLSearchParams({ form: await this.token(from), ...fields })) });
  }

  static async by(link) {
    const session = new Session();
    const { pathname } = new URL(link);
    const answer = await session.send(pathname, {}, pathname);
    session.cookie = answer.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
    assert.equal((await session.ask("GET", "/account")).status, 200);
    return session;
  }
}

/// A colleague of MRPL or OTHR, and the link that signs them in.
async function colleague(operator, library, role) {
  const fields = { login: `${role}.${library.toLowerCase()}`, name: `A. ${role}`, role };
  const answer = await operator.send(`/staff/${library}/ill-admin/staff/invite`, fields);
  const text = await answer.text();
  const link = text.match(/\/sign-in\/link\/[\w-]+/);
  assert.ok(link, `${answer.status} ${text.slice(0, 300)}`);
  return world.url + link[0];
}

before(async () => {
  world = await World.start();
  await world.library("MRPL");
  await world.library("OTHR");
  const operator = await Session.by(world.link());
  const patron = { email: "patron-theirs@gmail.example", first_name: "Zebedee", surname: "Osei" };
  theirs = { library: "OTHR", id: await world.tell("OTHR", "XX-SECRET", patron) };
  await world.state(theirs.id, "accepted");
  const hook = { url: "https://hooks-of-theirs.example/", types: ["message.failed"] };
  theirs.webhook = (await world.api("POST", "/v1/libraries/OTHR/webhooks", hook)).id;
  theirs.key = (await world.api("POST", "/v1/keys", { name: "Theirs", library: "OTHR" })).id;
  await colleague(operator, "OTHR", "desk");
  const staff = await (await operator.ask("GET", "/staff/OTHR/ill-admin/staff")).text();
  theirs.person = staff.match(/staff\/(stf_\w+)\/role/)[1];
  const rest = { notice: "overdue", language: "en", provider: "gmail", secret: "guessed", token: "guessed", tag: "en", ref: "21234" };
  Object.assign(theirs, rest, { delivery: "dlv_01K9YYYYYYYYYYYYYYYYYYYYYY", host: "out1.notices.example" });
  key = (await world.api("POST", "/v1/keys", { name: "Ours", library: "MRPL" })).secret;
  theirs.links = Object.fromEntries(await Promise.all(ROLES.map(async (role) => [role, await colleague(operator, "MRPL", role)])));
});

after(() => world?.end());

/// Whether the address says of which thing it is, not only of which library.
const namesThing = (path) => /\{(id|person|key|webhook)\}/.test(path);

async function mustNotBeThere(who, method, path, answer, statuses) {
  const text = await answer.text();
  assert.ok(statuses.includes(answer.status), `${who}: ${method} ${path} answers ${answer.status}: ${text.slice(0, 300)}`);
  for (const secret of SECRETS) assert.ok(!text.includes(secret), `${who}: ${method} ${path} shows ${secret}`);
}

for (const role of ROLES) {
  test(`a session of the ${role} of one library opens nothing of another`, async () => {
    const session = await Session.by(theirs.links[role]);
    for (const { method, path } of routes().filter(({ path }) => path.includes("{library}"))) {
      for (const library of namesThing(path) ? ["OTHR", "MRPL", "NONE"] : ["OTHR", "NONE"]) {
        const at = filled(path, { ...theirs, library });
        const answer = method === "GET" ? await session.ask("GET", at) : await session.send(at, { role: "admin", to: "patron@gmail.example" });
        await mustNotBeThere(role, method, at, answer, [403, 404]);
      }
    }
    for (const { method, path, audience } of addresses()) {
      if (audience === "Public") continue;
      const at = filled(path, theirs);
      const answer = await session.ask(method, at, method === "GET" ? {} : { body: "{}" });
      await mustNotBeThere(`the ${role}'s cookie`, method, at, answer, [401]);
    }
  });
}

test("a key of one library opens nothing of another, and no page", async () => {
  const nobody = new Session();
  const headers = { authorization: `Bearer ${key}` };
  for (const { method, path, audience } of addresses()) {
    if (audience === "Public" || (audience === "Key" && !path.includes("{"))) continue;
    const at = filled(path, theirs);
    const answer = await nobody.ask(method, at, method === "GET" ? { headers } : { headers, body: "{}" });
    await mustNotBeThere("the key", method, at, answer, [403, 404]);
  }
  for (const at of ["/v1/messages", "/v1/unreached", "/v1/libraries", "/v1/queue"]) {
    await mustNotBeThere("the key", "GET", at, await nobody.ask("GET", at, { headers }), [200]);
  }
  for (const { method, path, audience } of routes()) {
    if (audience === "Public") continue;
    const at = filled(path, theirs);
    const answer = await nobody.ask(method, at, method === "GET" ? { headers } : { headers, body: "" });
    await mustNotBeThere("the key", method, at, answer, [303]);
  }
});
