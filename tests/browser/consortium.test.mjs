// The consortium's own words: drafted, tried, published for all libraries, and taken back.
import { strict as assert } from "node:assert";

import { inAWorld, walk } from "./walks.mjs";

const NOTICES = ["overdue", "due_soon", "over_limit", "pickup_reminder"];

inAWorld((world) => world.library("MRPL"));

/// The preview that stands beside the editor now.
const preview = (page) => page.frameLocator("iframe.preview:not(.preview-next)").locator("body");

walk("words for all libraries are drafted, tried, published, and given up for those that came with the service", async (visitor, number) => {
  const { page, world, language } = visitor;
  const [notice, subject] = [NOTICES[number], `For everybody ${number}: ((title))`];
  const patron = `patron-all-${number}@gmail.example`;
  const theirs = async () => {
    await visitor.go(`/staff/MRPL/ill-admin/notices/${notice}`);
    return page.locator(`#subject_${language}`).inputValue();
  };
  await visitor.signIn(world.link());
  await visitor.go("/consortium");
  await visitor.press(visitor.say("nav-consortium-words"));
  await visitor.reads(visitor.say("consortium-words-about"));
  await visitor.press(page.locator(`a[href="/consortium/notices/${notice}"]`));
  const side = page.locator(".side", { has: page.locator(`#subject_${language}`) });
  await visitor.unfold(visitor.say("editor-fields"));
  await visitor.reads("((title");
  await visitor.fill(visitor.say("editor-subject"), subject, side);
  await visitor.choose(visitor.say("message-language"), language, page.locator(".look-bar"));
  if (!visitor.scripts) {
    await visitor.reach(visitor.control(visitor.say("preview-refresh")));
    await page.keyboard.press("Enter");
  }
  await preview(page).filter({ hasText: `For everybody ${number}` }).waitFor();
  await visitor.press(visitor.say("editor-save"));
  await visitor.reads(visitor.say("done-draft-saved"));
  assert.notEqual(await theirs(), subject, "a draft reaches no library");

  await visitor.go("/consortium/notices");
  await visitor.reads(visitor.say("notices-has-draft"));
  await visitor.go(`/consortium/notices/${notice}`);
  await visitor.choose(visitor.say("consortium-words-test-as"), "MRPL");
  await visitor.fill(visitor.say("editor-test-to"), patron);
  await visitor.choose(visitor.say("message-language"), language, page.locator("#tested"));
  await visitor.press(visitor.say("editor-test-send"));
  await visitor.comesToRead(visitor.say("state-accepted", { provider: "Gmail" }));
  const [test] = await world.internet.mails(patron);
  assert.ok(test.taken, "the test arrived");

  await visitor.press(visitor.say("consortium-words-publish"));
  await visitor.reads(visitor.say("done-notice-published"));
  assert.equal(await theirs(), subject);
  await visitor.go(`/consortium/notices/${notice}`);
  await visitor.press(visitor.say("history-title"));
  await visitor.press(visitor.say("history-what-changed"));
  await visitor.reads(visitor.say("history-came"));
  await visitor.press(visitor.say("history-take-standard"));
  await visitor.reads(visitor.say("done-notice-restored"));
  assert.notEqual(await theirs(), subject);
});
