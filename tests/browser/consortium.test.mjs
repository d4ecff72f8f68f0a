// The consortium's own words: published for all libraries, and taken back.
import { strict as assert } from "node:assert";

import { inAWorld, walk } from "./walks.mjs";

const NOTICES = ["overdue", "due_soon", "over_limit", "pickup_reminder"];

inAWorld((world) => world.library("MRPL"));

walk("words for all libraries are published, and those that came with the service are taken again", async (visitor, number) => {
  const { page, world } = visitor;
  const [notice, subject] = [NOTICES[number], `For everybody ${number}: ((title))`];
  await visitor.signIn(world.link());
  await visitor.go("/consortium");
  await visitor.press(visitor.say("nav-consortium-words"));
  await visitor.reads(visitor.say("consortium-words-about"));
  await visitor.press(page.locator(`a[href="/consortium/notices/${notice}"]`));
  await visitor.fill(visitor.say("editor-subject"), subject);
  await visitor.press(visitor.say("consortium-words-publish"));
  await visitor.reads(visitor.say("done-notice-published"));
  await visitor.go(`/staff/MRPL/ill-admin/notices/${notice}`);
  assert.equal(await page.locator("#subject_en").inputValue(), subject);
  await visitor.go(`/consortium/notices/${notice}`);
  await visitor.press(visitor.say("history-what-changed"));
  await visitor.reads(visitor.say("history-came"));
  await visitor.press(visitor.say("consortium-words-standard"));
  await visitor.reads(visitor.say("done-notice-restored"));
  await visitor.go(`/staff/MRPL/ill-admin/notices/${notice}`);
  assert.notEqual(await page.locator("#subject_en").inputValue(), subject);
});
