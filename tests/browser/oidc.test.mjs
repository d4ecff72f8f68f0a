// Signing in where the consortium's staff sign in to everything: an OpenID provider.
import { strict as assert } from "node:assert";
import { after } from "node:test";

import { CLIENT, Provider } from "./provider.mjs";
import { here, inAWorld, walk } from "./walks.mjs";

const NAME = "Consortium login";
const LOGIN = "m.okafor@mapleridge.example";

const provider = await Provider.start();
after(() => provider.end());

inAWorld(
  async (world) => {
    await world.library("MRPL");
    // Somebody whom a colleague has added here, and who never had a password.
    const operator = await here.browser.newPage();
    await operator.goto(world.link());
    await operator.locator("main form button").click();
    await operator.goto(`${world.url}/staff/MRPL/ill-admin/staff`);
    await operator.locator("[name=login]").fill(LOGIN);
    await operator.locator("[name=name]").fill("M. Okafor");
    await operator.locator("form[action$=invite] button").click();
    await operator.waitForURL(/invite$/);
    await operator.context().close();
  },
  `[https]\nprivate = true\n[oidc]\nissuer = "${provider.issuer}"\nclient_id = "${CLIENT.client_id}"\nclient_secret = "${CLIENT.client_secret}"\nname = "${NAME}"\n`,
);

async function atProvider(visitor, email) {
  await visitor.press(visitor.say("oidc-sign-in", { name: NAME }));
  assert.ok(visitor.page.url().startsWith(`${provider.issuer}/authorize`), visitor.page.url());
  await visitor.page.getByLabel("Address").fill(email);
  await Promise.all([visitor.page.waitForURL(`${visitor.world.url}/**`), visitor.page.keyboard.press("Enter")]);
}

walk("who is known at the OpenID provider and here is signed in, and led to where they wanted", async (visitor) => {
  visitor.friends = [provider.issuer];
  await visitor.go("/staff/MRPL/messages");
  await visitor.reads(visitor.say("sign-in-title"));
  await atProvider(visitor, LOGIN.toUpperCase());
  assert.equal(visitor.path, "/staff/MRPL/messages");
  await visitor.go("/account");
  await visitor.reads("M. Okafor");
  await visitor.press(visitor.say("shell-sign-out"));
  await visitor.reads(visitor.say("done-signed-out"));
});

walk("who is known there and not here is told whom to ask", async (visitor) => {
  visitor.friends = [provider.issuer];
  await visitor.go("/sign-in");
  await atProvider(visitor, "somebody.else@mapleridge.example");
  await visitor.reads(visitor.say("oidc-unknown"));
  await visitor.go("/account");
  await visitor.reads(visitor.say("sign-in-title"));
});
