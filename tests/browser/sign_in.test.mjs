// The first sign-in, and coming back.
import { strict as assert } from "node:assert";

import { inAWorld, walk } from "./walks.mjs";

const PASSWORD = "three words remembered";

inAWorld();

walk(
  "a one-time link leads to a password that signs in again",
  async (visitor) => {
    await visitor.go(visitor.world.link());
    await visitor.reads(visitor.say("link-hello", { name: "Operator" }));
    await visitor.press(visitor.say("sign-in-button"));
    await visitor.reads(visitor.say("done-welcome"));
    await visitor.fill(visitor.say("account-new"), PASSWORD);
    await visitor.press(visitor.say("account-password-save"));
    await visitor.reads(visitor.say("done-password"));
    await visitor.press(visitor.say("shell-sign-out"));
    await visitor.reads(visitor.say("done-signed-out"));

    await visitor.go("/account");
    await visitor.fill(visitor.say("sign-in-login"), "operator");
    await visitor.fill(visitor.say("sign-in-password"), "three words forgotten");
    await visitor.press(visitor.say("sign-in-button"));
    await visitor.reads(visitor.say("sign-in-wrong"));
    await visitor.fill(visitor.say("sign-in-password"), PASSWORD);
    await visitor.press(visitor.say("sign-in-button"));
    assert.equal(visitor.path, "/account");
  },
  { fresh: true },
);
