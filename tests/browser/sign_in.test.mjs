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

walk(
  "a passkey is kept, and signs in",
  async (visitor) => {
    await visitor.signIn(visitor.world.link());
    await visitor.go("/account");
    if (!visitor.scripts) {
      // Passkeys are a script's; nobody needs one.
      assert.equal(await visitor.page.locator("[data-passkey]:visible").count(), 0);
      return;
    }
    const session = await visitor.context.newCDPSession(visitor.page);
    await session.send("WebAuthn.enable");
    const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await visitor.fill(visitor.say("passkey-name"), "Desk computer");
    await visitor.press(visitor.say("passkey-make"));
    await visitor.reads(visitor.say("done-passkey-added"));
    // The browser offers the passkey where the name is typed, and this authenticator says yes at once: not before we are there.
    await session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: false });
    await visitor.press(visitor.say("shell-sign-out"));
    await session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: true });
    await visitor.page.goto(`${visitor.world.url}/sign-in?to=/account`, { waitUntil: "commit" });
    await visitor.page.waitForURL((url) => url.pathname === "/account");
    await visitor.reads(visitor.say("passkey-title"));
    // Who does not choose it there presses the button, and touches the key then.
    await session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: false });
    await visitor.press(visitor.say("shell-sign-out"));
    await visitor.go("/sign-in?to=/account");
    await visitor.reach(visitor.control(visitor.say("passkey-sign-in")));
    await session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: true });
    await visitor.enter();
    assert.equal(visitor.path, "/account");
    await visitor.press(visitor.say("passkey-remove"));
    await visitor.reads(visitor.say("done-passkey-removed"));
  },
  { fresh: true },
);
