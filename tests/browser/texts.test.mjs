// Text messages: their words and what they cost, the order of ways to a patron, and numbers that take none.
import { strict as assert } from "node:assert";
import { after } from "node:test";

import { TextGateway } from "./text_gateway.mjs";
import { inAWorld, walk } from "./walks.mjs";

/// Each walk has libraries of its own, one for each way.
const code = (walked, number) => `MR${walked}${number}`;
const phone = (walked, number) => `+160455501${walked}${number}`;

/// Nothing waits for the morning.
const ALWAYS = { quiet_from: "00:00", quiet_to: "00:00" };

const gateway = await TextGateway.start();
after(() => gateway.end());

inAWorld(async (world) => {
  for (const walked of [1, 2, 3]) {
    for (let number = 0; number < 4; number += 1) await world.library(code(walked, number), { reach: { ladder: ["mail"], ...ALWAYS } });
  }
}, gateway.settings);

/// A patron of the library, with a telephone.
const patron = (walked, number) => ({ email: `patron-${walked}${number}@gmail.example`, phone: phone(walked, number), ref: `2${walked}${number}` });

walk("the words of a text message are written, say what they cost, and leave", async (visitor, number) => {
  const { page, world } = visitor;
  await visitor.signIn(world.link());
  await visitor.go(`/staff/${code(1, number)}/ill-admin/notices/ready_for_pickup`);
  const side = page.locator(".side", { has: page.locator("#subject_en") });
  /// Writes these words, and looks at what is said of them: by itself with scripts, by a button without.
  const says = async (words, said) => {
    await visitor.fill(visitor.say("channel-text"), words, side);
    if (!visitor.scripts) await visitor.press(visitor.say("editor-check-now"));
    await visitor.reads(said);
  };
  await says("((library_name)): come and see.", visitor.say("editor-sms-parts", { count: 1 }));
  await visitor.reads("Maple Ridge Public Library: come and see.");
  await says(`((library_name)): ${"it is here, and it waits. ".repeat(8)}`, visitor.say("editor-sms-parts", { count: 2 }));
  await says("((library_name)): à bientôt, cher prêt.", visitor.say("editor-sms-costly", { letter: "ô" }));
  await visitor.fill(visitor.say("channel-text"), "((library_name)): ((nonsense))", side);
  await visitor.press(visitor.say("editor-publish"));
  await visitor.reads(visitor.say("shell-problem"));
  await visitor.reads(visitor.say("editor-in-sms"));
  await visitor.fill(visitor.say("channel-text"), "((library_name)): it is here.", side);
  await visitor.press(visitor.say("editor-publish"));
  await visitor.reads(visitor.say("done-notice-published"));

  const of = patron(1, number);
  const reached = await world.tell(code(1, number), `BC-2${number}`, of);
  await world.state(reached, "accepted");
  await visitor.go(`/staff/${code(1, number)}/messages/${reached}`);
  await visitor.pick(page.locator("#by-text"));
  await visitor.press(visitor.say("message-resend"));
  const [text] = await gateway.sentTo(of.phone);
  assert.ok(text.startsWith("Maple Ridge Public Library: it is here."), text);
});

walk("patrons are reached by text message first, once the library says so", async (visitor, number) => {
  const { page, world } = visitor;
  await visitor.signIn(world.link());
  await visitor.go(`/staff/${code(2, number)}/ill-admin/participant-record`);
  await visitor.press(visitor.say("reach-title"));
  await visitor.choose(visitor.say("reach-place", { number: 1 }), "text");
  await visitor.reach(page.locator("#way2"));
  for (let steps = 0; (await page.locator("#way2").inputValue()) !== "mail"; steps += 1) {
    assert.ok(steps < 10, "the second way has no mail");
    await page.keyboard.press("ArrowDown");
  }
  await visitor.fill(visitor.say("reach-ladders"), "overdue: pigeon");
  await visitor.press(visitor.say("record-save"));
  await visitor.reads(visitor.say("reach-wrong-ladders"));
  await visitor.fill(visitor.say("reach-ladders"), "overdue: mail, letter");
  await visitor.fill(visitor.say("reach-next-after"), "three");
  await visitor.press(visitor.say("record-save"));
  await visitor.reads(visitor.say("reach-wrong-next-after-hours"));
  await visitor.fill(visitor.say("reach-next-after"), "3");
  await visitor.press(visitor.say("record-save"));
  await visitor.reads(visitor.say("done-saved"));
  await visitor.reads(`${visitor.say("reach-way-text")}, ${visitor.say("reach-way-mail")}`);
  await visitor.reads(visitor.say("reach-after-hours", { count: 3 }));
  const { reach } = await world.api("GET", `/v1/libraries/${code(2, number)}`);
  assert.deepEqual([reach.ladder, reach.ladders, reach.next_after_hours], [["text", "mail"], { overdue: ["mail", "letter"] }, 3]);

  const of = { ...patron(2, number), texts: true };
  const id = await world.tell(code(2, number), `BC-3${number}`, of);
  await gateway.sentTo(of.phone);
  await visitor.go(`/staff/${code(2, number)}/messages/${id}`);
  await visitor.comesToRead(visitor.say("channel-text"));
  assert.deepEqual(await world.internet.mails(of.email), []);
});

walk("a patron who answers STOP is texted no more, and staff see it", async (visitor, number) => {
  const { page, world } = visitor;
  const of = patron(3, number);
  const first = await world.tell(code(3, number), `BC-4${number}`, of);
  const second = await world.tell(code(3, number), `BC-5${number}`, of);
  await visitor.signIn(world.link());
  const byText = async (id) => {
    await visitor.go(`/staff/${code(3, number)}/messages/${id}`);
    await visitor.comesToRead(visitor.say("message-resend"));
    await visitor.pick(page.locator("#by-text"));
    await visitor.press(visitor.say("message-resend"));
  };
  await byText(first);
  await gateway.sentTo(of.phone);
  await gateway.write(world, of.phone, "STOP");
  await gateway.sentTo(of.phone, 2);
  await byText(second);
  await visitor.reads(visitor.say("message-not-by-text"));
  await visitor.go(`/staff/${code(3, number)}/patrons?ref=${of.ref}`);
  await visitor.reads(visitor.say("patron-refuses"));
  await visitor.go(`/staff/${code(3, number)}/do-not-send`);
  await visitor.reads(of.phone);
  await visitor.reads(visitor.say("no-texts-patron"));
  await gateway.write(world, of.phone, "START");
  await gateway.sentTo(of.phone, 3);
  await visitor.go(`/staff/${code(3, number)}/do-not-send`);
  await visitor.readsNot(of.phone);
});
