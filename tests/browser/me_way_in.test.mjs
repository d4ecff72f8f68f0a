// The way to a patron's own page without the link of a notice: by a code, with several patrons at one address, and by the library's own
// sign-in, which an admin sets up first.
import { strict as assert } from "node:assert";
import { after } from "node:test";

import { axe } from "./axe.mjs";
import { CLIENT, Provider } from "./provider.mjs";
import { WAYS } from "./visitor.mjs";
import { here, inAWorld, walk } from "./walks.mjs";
import { until } from "./world.mjs";

const provider = await Provider.start();
after(() => provider.end());

const SHARED = "patron-household@gmail.example";
const patron = (number) => `patron-${number}@gmail.example`;
/// Each way has patrons of its own: codes for one are few.
const card = (number) => `2118${number}`;
const shared = (number) => SHARED.replace("household", `household-${number}`);

inAWorld(async (world) => {
  await world.library("MRPL");
  await world.library("OTHR", { name: { en: "Other Library", fr: "Autre bibliothèque" } });
  for (const number of WAYS.keys()) {
    const { language } = WAYS[number];
    const tell = async (request, ref, email, first_name) =>
      world.state(await world.tell("MRPL", request, { ref, email, first_name, language }), "accepted");
    await tell(`BC-10${number}`, card(number), patron(number), `Amira${number}`);
    await tell(`BC-20${number}`, `3001${number}`, shared(number), `Yusuf${number}`);
    await tell(`BC-30${number}`, `3002${number}`, shared(number), `Zofia${number}`);
  }
}, "[https]\nprivate = true\n");

/// Sound in both schemes, in a wide and in the narrowest window.
async function isSound(visitor, name) {
  if (!visitor.scripts) return;
  const faults = [];
  for (const colorScheme of ["light", "dark"]) {
    await visitor.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const width of [1280, 320]) {
      await visitor.page.setViewportSize({ width, height: 900 });
      faults.push(...(await axe(visitor.page)).map((fault) => `${colorScheme} ${width}: ${fault}`));
      if (process.env.SHOTS) {
        await visitor.page.screenshot({ path: `${process.env.SHOTS}/${name}-${visitor.language}-${colorScheme}-${width}.png`, fullPage: true });
      }
      const wide = await visitor.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) faults.push(`${colorScheme} ${width}: ${wide} px must be scrolled sideways`);
    }
  }
  await visitor.page.setViewportSize({ width: 1280, height: 900 });
  await visitor.page.emulateMedia({ colorScheme: "light", reducedMotion: null });
  assert.deepEqual(faults, []);
}

/// The code of the newest mail to an address that has one.
async function code(world, address) {
  return until(`a code for ${address}`, async () => {
    const mails = await world.internet.mails(address);
    const codes = mails.map(({ raw }) => raw.replace(/=\r?\n/g, "").match(/\b\d{4} \d{4}\b/)?.[0]);
    return codes.filter(Boolean).at(-1);
  });
}

walk("whoever has no link chooses their library, has a code sent and is let in", async (visitor, number) => {
  await visitor.go("/me");
  await visitor.reads(visitor.say("me-which-library"));
  await isSound(visitor, "library");
  await visitor.choose(visitor.say("me-which-library"), "MRPL");
  await visitor.press(visitor.say("me-code-check"));
  assert.equal(visitor.path, "/me/way-in?library=MRPL");
  await isSound(visitor, "way-in");
  await visitor.fill(visitor.say("me-whom"), "two words@");
  await visitor.press(visitor.say("me-code-send"));
  await visitor.reads(visitor.say("me-whom-wrong"));
  await isSound(visitor, "way-in-wrong");
  await visitor.fill(visitor.say("me-whom"), patron(number));
  await visitor.press(visitor.say("me-code-send"));
  await visitor.reads(visitor.say("me-knock-sent", { whom: patron(number) }));
  await visitor.readsNot(`Amira${number}`);
  await isSound(visitor, "knock");
  await visitor.fill(visitor.say("me-code"), await code(visitor.world, patron(number)));
  await visitor.press(visitor.say("me-code-check"));
  assert.equal(visitor.path, "/me");
  await visitor.reads(`BC-10${number}`);
  await visitor.press(visitor.say("me-contact-link"));
  await visitor.reads(patron(number));
});

walk("whom nobody knows reads the same", async (visitor, number) => {
  const nobody = `patron-nobody-${number}@gmail.example`;
  await visitor.go("/me?library=MRPL");
  await visitor.fill(visitor.say("me-whom"), nobody);
  await visitor.press(visitor.say("me-code-send"));
  await visitor.reads(visitor.say("me-knock-sent", { whom: nobody }));
  await visitor.fill(visitor.say("me-code"), "1234 5678");
  await visitor.press(visitor.say("me-code-check"));
  await visitor.reads(visitor.say("me-code-wrong"));
  assert.deepEqual(await visitor.world.internet.mails(nobody), []);
});

walk("of several people at one address the card says who it is", async (visitor, number) => {
  await visitor.go("/me?library=MRPL");
  await visitor.fill(visitor.say("me-whom"), shared(number));
  await visitor.press(visitor.say("me-code-send"));
  await visitor.fill(visitor.say("me-code"), await code(visitor.world, shared(number)));
  await visitor.press(visitor.say("me-code-check"));
  await visitor.reads(visitor.say("me-which-why", { whom: shared(number) }));
  await visitor.readsNot("Yusuf");
  await isSound(visitor, "which");
  await visitor.fill(visitor.say("me-which"), "30030");
  await visitor.press(visitor.say("me-code-check"));
  await visitor.reads(visitor.say("me-which-wrong"));
  await visitor.fill(visitor.say("me-which"), `3002${number}`);
  await visitor.press(visitor.say("me-code-check"));
  await visitor.reads(`BC-30${number}`);
  await visitor.readsNot(`BC-20${number}`);
  await visitor.readsNot("Yusuf");
});

walk("an admin sets up the patrons’ sign-in, and a patron comes in by it", async (visitor, number) => {
  visitor.friends = [provider.issuer];
  const { world } = visitor;
  await visitor.signIn(world.link());
  await visitor.go("/staff/MRPL/ill-admin");
  await visitor.press(visitor.say("sign-on-title"));
  await visitor.reads(`${world.url}/me/sign-on/MRPL/back`);
  await visitor.fill(visitor.say("sign-on-issuer"), provider.issuer);
  await visitor.fill(visitor.say("sign-on-client-id"), CLIENT.client_id);
  await visitor.fill(visitor.say("sign-on-secret"), CLIENT.client_secret);
  await visitor.fill(visitor.say("sign-on-number"), "sub");
  await visitor.fill(visitor.say("sign-on-name-en"), "My Card");
  await visitor.fill(visitor.say("sign-on-name-fr"), "Ma carte");
  await visitor.press(visitor.say("record-save"));
  await visitor.reads(visitor.say("done-sign-on-saved"));
  await visitor.reads(visitor.say("sign-on-is-on"));
  await isSound(visitor, "sign-on");

  const name = visitor.language === "fr" ? "Ma carte" : "My Card";
  const atProvider = async (who) => {
    await visitor.go("/me?library=MRPL");
    await visitor.press(visitor.say("oidc-sign-in", { name }));
    await visitor.page.getByLabel("Address").fill(who);
    await Promise.all([visitor.page.waitForURL(`${world.url}/**`), visitor.page.keyboard.press("Enter")]);
  };
  await atProvider("99999");
  await visitor.reads(visitor.say("me-sign-on-unknown", { name }));
  await isSound(visitor, "sign-on-unknown");
  await atProvider(card(number));
  assert.equal(visitor.path, "/me");
  await visitor.reads(`BC-10${number}`);
  await visitor.press(visitor.say("me-leave"));
  await visitor.reads(visitor.say("done-me-left"));
});
