// Addresses on the do-not-send list: found, and used again; and many put there from a file.
import { inAWorld, walk } from "./walks.mjs";
import { until } from "./world.mjs";

const code = (number) => `MRP${number}`;
const address = (number) => `gone-${number}@gmail.example`;

const ofFiles = (number) => `MRF${number}`;

inAWorld(async (world) => {
  for (let number = 0; number < 4; number += 1) await world.library(ofFiles(number));
  for (let number = 0; number < 4; number += 1) {
    await world.library(code(number));
    await world.state(await world.tell(code(number), `BC-1${number}`, { email: address(number) }), "failed");
    await until("it is stopped", async () => (await world.api("GET", `/v1/libraries/${code(number)}/do-not-send`)).data.length);
  }
});

walk("an address on the do-not-send list is found and used again", async (visitor, number) => {
  const { page, world } = visitor;
  await visitor.signIn(world.link());
  await visitor.go(`/staff/${code(number)}/bounces`);
  await visitor.press(visitor.say("stops-title"), page.locator(".tabs"));
  await visitor.fill(visitor.say("stops-find"), address(number));
  await visitor.enter();
  await visitor.reads(visitor.say("stops-by-refusal"));
  await visitor.tick(page.locator("input.tick").first());
  await visitor.fill(visitor.say("stops-reason"), "She has a new mailbox", page.locator("form", { hasText: visitor.say("stops-use-button") }));
  await visitor.press(visitor.say("stops-use-button"));
  await visitor.reads(visitor.say("done-used-again"));
  await visitor.go(`/staff/${code(number)}/do-not-send`);
  await visitor.reads(visitor.say("stops-none"));
});

walk("a file of addresses is checked, and then stops those that are right", async (visitor, number) => {
  const { page, world } = visitor;
  await visitor.signIn(world.link());
  await visitor.go(`/staff/${ofFiles(number)}/do-not-send`);
  await visitor.reach(page.locator("#file"));
  const choose = async () => (await Promise.all([page.waitForEvent("filechooser", { timeout: 10_000 }), page.keyboard.press("Space")]))[0];
  // A busy browser forgets that a key was pressed before it opens the window, and then opens none: people press again.
  const chooser = await choose().catch(choose);
  const text = "address;reason\r\nann@gmail.example;déménagée, loin\r\nnonsense;x\r\nbea@gmail.example;\r\n";
  await chooser.setFiles({ name: "list.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
  await visitor.press(visitor.say("stops-file-check"));
  await visitor.reads(visitor.say("stops-file-good", { count: 2 }));
  await visitor.reads(visitor.say("stops-file-wrong", { count: 1 }));
  await visitor.reads(visitor.say("stops-file-no-address"));
  await visitor.fill(visitor.say("stops-reason"), "Spring cleaning");
  await visitor.press(visitor.say("stops-file-apply", { count: 2 }));
  await visitor.reads("déménagée, loin");
  await visitor.reads("Spring cleaning");
});
