// "Did it reach her, and if not, what do I do?"
import { inAWorld, walk } from "./walks.mjs";

const code = (number) => `MRP${number}`;
const SURNAMES = ["Kowalczyk", "Nguyen", "Bélanger", "Okafor"];

inAWorld(async (world) => {
  for (const [number, surname] of SURNAMES.entries()) {
    await world.library(code(number));
    const id = await world.tell(code(number), `BC-10${number}`, { email: "nobody@gmail.example", surname });
    await world.state(id, "failed");
  }
});

walk("a refused message is found by the patron's name and sent again", async (visitor, number) => {
  await visitor.signIn(visitor.world.link());
  await visitor.go(`/staff/${code(number)}`);
  await visitor.fill(visitor.say("shell-find"), SURNAMES[number].slice(0, 6));
  await visitor.enter();
  await visitor.press(`Amira ${SURNAMES[number]}`);
  await visitor.reads(visitor.say("state-failed"));
  await visitor.fill(visitor.say("message-to"), `patron-${number}@gmail.example`);
  await visitor.press(visitor.say("message-resend"));
  await visitor.comesToRead(visitor.say("state-accepted", { provider: "Gmail" }));
});
