// EMail Notice Set-up from red to green while records appear, and the kit that the IT department works with.
import { strict as assert } from "node:assert";

import { inAWorld, walk } from "./walks.mjs";

const LIBRARIES = ["alder", "ginkgo", "elm", "fir"].map((name, number) => ({
  code: `SET${number}`,
  domain: `${name}.example`,
  kit: { code: `KIT${number}`, domain: ["dogwood", "hazel", "ivy", "birch"][number] + ".example" },
}));

/// Nobody may write in this domain's name.
async function locked(world, domain) {
  await world.internet.publish(domain, "v=spf1 -all");
  await world.internet.publish(`_dmarc.${domain}`, "v=DMARC1; p=reject");
}

inAWorld(async (world) => {
  for (const { code, domain, kit } of LIBRARIES) {
    await locked(world, domain);
    await locked(world, kit.domain);
    await world.library(code, { reply_to: undefined });
    await world.library(kit.code, { from: `ill@${kit.domain}` });
  }
});

walk("the own address turns from red to green while its records appear", async (visitor, number) => {
  const { page, world } = visitor;
  const { code, domain } = LIBRARIES[number];
  const at = `/staff/${code}/ill-admin/patron-notices/set-up`;
  await visitor.signIn(world.link());
  await visitor.go(at);
  await visitor.pick(page.locator("#sender-own"));
  await visitor.fill(visitor.say("setup-own-address"), `ill@${domain}`);
  await visitor.press(visitor.say("record-save"));
  await visitor.reads(visitor.say("done-saved"));
  await visitor.press(visitor.say("setup-check"));
  await visitor.reads(visitor.say("setup-own-bad", { domain }));

  await visitor.press(visitor.say("setup-records"));
  const rows = page.locator("table.records tbody tr", { hasText: "CNAME" });
  const records = await rows.evaluateAll((all) => all.map((row) => [...row.querySelectorAll("code")].slice(0, 2).map((one) => one.textContent.trim())));
  assert.equal(records.length, 3, JSON.stringify(records));
  await world.publishKeys(code);
  const found = () => rows.filter({ hasText: visitor.say("records-found") }).count();
  assert.equal(await found(), 0);
  for (const [at, [name, target]] of records.entries()) {
    await world.internet.delegate(name.replace(/\.$/, ""), target.replace(/\.$/, ""));
    // An answer of DNS is believed for its TTL, two seconds here.
    for (const deadline = Date.now() + 30_000; (await found()) <= at; ) {
      assert.ok(Date.now() < deadline, `${name} is not found: ${await visitor.text()}`);
      await page.waitForTimeout(1000);
      await visitor.press(visitor.say("records-look-again"));
    }
  }
  await visitor.go(at);
  await visitor.press(visitor.say("setup-check"));
  await visitor.reads(visitor.say("setup-own-good", { domain }));
  const id = await world.tell(code, `BC-${number}`, { email: `patron-own-${number}@gmail.example` });
  await world.state(id, "accepted");
  const [mail] = await world.internet.mails(`patron-own-${number}@gmail.example`);
  assert.equal(mail.from_domain, domain);
});

walk("the IT department follows its kit", async (visitor, number) => {
  const { page, world } = visitor;
  const { kit } = LIBRARIES[number];
  await visitor.signIn(world.link());
  await visitor.go(`/staff/${kit.code}/ill-admin/it-kit`);
  const link = (await page.locator("#link").innerText()).trim();
  await visitor.press(visitor.say("shell-sign-out"));

  await visitor.go(link);
  await visitor.comesToRead(visitor.say("it-progress", { count: 0, all: 3 }));
  const field = (what, at) => page.locator(`#${what}-${at}`).innerText();
  const records = [];
  for (let at = 1; at <= 3; at += 1) records.push([await field("name", at), await field("target", at)].map((text) => text.trim()));
  const whole = (name) => `${name.replace(/\.$/, "")}.${kit.domain}`;
  for (const file of ["txt", "zone", "tf", "ps1", "json"]) {
    const answer = await page.request.get(`${link}.${file}`);
    assert.equal(answer.status(), 200, file);
    assert.ok((await answer.text()).includes("_domainkey"), file);
  }
  // As many panels have it: the domain stands twice.
  await world.publishKeys(kit.code);
  await world.internet.delegate(`${whole(records[0][0])}.${kit.domain}`, records[0][1].replace(/\.$/, ""));
  const again = async (words) => {
    for (const deadline = Date.now() + 30_000; !(await visitor.text()).includes(words); ) {
      assert.ok(Date.now() < deadline, `never “${words}”: ${await visitor.text()}`);
      await page.waitForTimeout(1000);
      await visitor.press(visitor.say("it-refresh"));
    }
  };
  await again(`${whole(records[0][0])}.${kit.domain}`);
  for (const [name, target] of records) await world.internet.delegate(whole(name), target.replace(/\.$/, ""));
  await again(visitor.say("it-done"));
});
