// Addresses on the do-not-send list: found, and used again.
import { inAWorld, walk } from "./walks.mjs";
import { until } from "./world.mjs";

const code = (number) => `MRP${number}`;
const address = (number) => `gone-${number}@gmail.example`;

inAWorld(async (world) => {
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
