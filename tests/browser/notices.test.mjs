// A notice is turned on, edited, looked at, tested, published and restored.
import { strict as assert } from "node:assert";

import { inAWorld, walk } from "./walks.mjs";

const code = (number) => `MRP${number}`;
const NOTICE = "shipped";

inAWorld(async (world) => {
  for (let number = 0; number < 4; number += 1) await world.library(code(number));
});

/// The preview that stands beside the editor now.
const preview = (page) => page.frameLocator("iframe.preview:not(.preview-next)").locator("body");

walk("a notice is turned on, edited, previewed, tested, published and restored", async (visitor, number) => {
  const { page, world, language } = visitor;
  const at = `/staff/${code(number)}/ill-admin`;
  const patron = `patron-${number}@gmail.example`;
  await visitor.signIn(world.link());

  await visitor.go(`${at}/patron-notices`);
  const row = page.locator("tr", { has: page.locator(`a[href$="/notices/${NOTICE}"]`) });
  const isOn = () => row.getByRole("switch").getAttribute("aria-checked");
  assert.equal(await isOn(), "false");
  await visitor.press(row.getByRole("switch"));
  assert.equal(await isOn(), "true");
  await visitor.press(visitor.say("notices-undo"));
  assert.equal(await isOn(), "false");
  await visitor.press(row.getByRole("switch"));

  await visitor.press(row.locator(`a[href$="/notices/${NOTICE}"]`));
  const side = page.locator(".side", { has: page.locator(`#subject_${language}`) });
  const before = await page.locator(`#subject_${language}`).inputValue();
  await visitor.fill(visitor.say("editor-subject"), `Été ${number}: ((title))`, side);
  await visitor.choose(visitor.say("message-language"), language, page.locator(".look-bar"));
  if (!visitor.scripts) {
    await visitor.reach(visitor.control(visitor.say("preview-refresh")));
    await page.keyboard.press("Enter");
  }
  await preview(page).filter({ hasText: `Été ${number}` }).waitFor();

  await visitor.fill(visitor.say("editor-test-to"), patron);
  await visitor.press(visitor.say("editor-test-send"));
  await visitor.comesToRead(visitor.say("state-accepted", { provider: "Gmail" }));
  const [test] = await world.internet.mails(patron);
  assert.ok(test.taken, "the test arrived");

  await visitor.press(visitor.say("editor-publish"));
  await visitor.reads(visitor.say("done-notice-published"));
  await visitor.fill(visitor.say("editor-subject"), `Automne ${number}: ((title))`, side);
  await visitor.press(visitor.say("editor-publish"));
  await visitor.press(visitor.say("history-title"));
  await visitor.press(visitor.say("history-what-changed"));
  await visitor.reads("Automne");
  await visitor.press(visitor.say("history-restore"));
  await visitor.reads(visitor.say("done-notice-restored"));
  await visitor.go(`${at}/notices/${NOTICE}`);
  assert.equal(await page.locator(`#subject_${language}`).inputValue(), `Été ${number}: ((title))`);
  await visitor.go(`${at}/notices/${NOTICE}/history`);
  await visitor.press(visitor.say("history-take-shared"));
  await visitor.go(`${at}/notices/${NOTICE}`);
  assert.equal(await page.locator(`#subject_${language}`).inputValue(), before);
});
