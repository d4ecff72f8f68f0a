// A new library to its first accepted notice, in minutes and without its DNS.
import { strict as assert } from "node:assert";

import { inAWorld, walk } from "./walks.mjs";

const code = (number) => `NEW${number}`;
const FIVE_MINUTES_MS = 5 * 60_000;

inAWorld(async (world) => {
  // As an import leaves them: a name and a time zone, and nothing else.
  for (let number = 0; number < 4; number += 1) await world.library(code(number), { phone: undefined, reply_to: undefined });
});

walk("a new library sends its first notice", async (visitor, number) => {
  const { page, world } = visitor;
  const began = Date.now();
  const at = `/staff/${code(number)}`;
  await visitor.signIn(world.link());
  await visitor.go(at);
  await visitor.reads(visitor.say("tasks-title"));

  await visitor.press(visitor.say("tasks-record"));
  await visitor.fill(visitor.say("record-phone"), "604-555-0100");
  await visitor.press(visitor.say("record-save"));
  await visitor.reads(visitor.say("done-saved"));

  await visitor.go(at);
  await visitor.press(visitor.say("tasks-sender"));
  await visitor.fill(visitor.say("record-reply-to"), "desk@mapleridge.example");
  await visitor.press(visitor.say("record-save"));
  await visitor.reads(visitor.say("done-saved"));

  await visitor.go(at);
  const tester = `patron-test-${number}@outlook.example`;
  await visitor.fill(visitor.say("editor-test-to"), tester);
  await visitor.press(visitor.say("editor-test-send"));
  await visitor.comesToRead(visitor.say("state-accepted", { provider: "Outlook" }));

  await visitor.go(at);
  await visitor.press(visitor.say("tasks-connect"));
  await visitor.fill(visitor.say("keys-name"), "ILS");
  await visitor.press(visitor.say("keys-make"), page.locator("main"));
  const key = (await page.locator("#secret").innerText()).trim();
  const patron = `patron-first-${number}@gmail.example`;
  const event = {
    library: code(number),
    request: `BC-${number}`,
    status: "ready_for_pickup",
    patron: { ref: "21234", email: patron, first_name: "Amira", surname: "Osei" },
    fields: { title: "The Overstory", author: "R. Powers", pickup_by: "2031-12-01" },
  };
  const { messages } = await world.api("POST", "/v1/events", event, key);
  await world.state(messages[0].id, "accepted");
  await visitor.go(`${at}/messages`);
  await visitor.reads("Amira Osei");
  await visitor.reads(visitor.say("state-accepted", { provider: "Gmail" }));
  await visitor.go(at);
  await visitor.readsNot(visitor.say("tasks-title"));
  const [mail] = await world.internet.mails(patron);
  assert.ok(mail.taken && mail.raw.includes("604-555-0100"), "the notice says whom to call");
  assert.ok(Date.now() - began < FIVE_MINUTES_MS);
});
