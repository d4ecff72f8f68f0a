// A patron's own page, by the link in a mail: in both languages, with scripts and without, by keyboard.
import { strict as assert } from "node:assert";

import { axe } from "./axe.mjs";
import { WAYS } from "./visitor.mjs";
import { inAWorld, walk } from "./walks.mjs";
import { until } from "./world.mjs";

const patron = (number) => `patron-${number}@gmail.example`;

inAWorld(async (world) => {
  await world.library("MRPL");
  for (const number of [0, 1, 2, 3]) {
    // The page is in the language of the notice, until somebody chooses another.
    const language = WAYS[number].language;
    const who = { ref: `2118${number}`, email: patron(number), first_name: `Amira${number}`, surname: "Osei", language };
    await world.state(await world.tell("MRPL", `BC-10${number}`, who), "accepted");
  }
});

/// What the newest mail to an address says, as a reader has it.
async function newest(world, address) {
  const mails = await world.internet.mails(address);
  // Quoted-printable: soft line breaks go, and =3D is a sign of its own.
  return mails.at(-1).raw.replace(/=\r?\n/g, "").replace(/=3D/g, "=");
}

/// Where the link of the newest mail leads on this world's address.
async function link(world, address) {
  const mails = await world.internet.mails(address);
  // A code comes without a link.
  const found = mails.map(({ raw }) => raw.replace(/=\r?\n/g, "").match(/\/me\/[\w-]+/)?.[0]).filter(Boolean);
  return found.at(-1);
}

/// Sound in both schemes, in a wide and in the narrowest window.
async function isSound(visitor, name) {
  const faults = [];
  for (const colorScheme of ["light", "dark"]) {
    await visitor.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const width of [1280, 320]) {
      await visitor.page.setViewportSize({ width, height: 900 });
      // Without scripts of the page's own there is nothing that axe could run in.
      if (visitor.scripts) faults.push(...(await axe(visitor.page)).map((fault) => `${colorScheme} ${width}: ${fault}`));
      if (process.env.SHOTS && visitor.scripts) {
        await visitor.page.screenshot({ path: `${process.env.SHOTS}/${name}-${visitor.language}-${colorScheme}-${width}.png`, fullPage: true });
      }
      const wide = visitor.scripts ? await visitor.page.evaluate(() => document.documentElement.scrollWidth - innerWidth) : 0;
      if (wide > 0) faults.push(`${colorScheme} ${width}: ${wide} px must be scrolled sideways`);
    }
  }
  await visitor.page.setViewportSize({ width: 1280, height: 900 });
  await visitor.page.emulateMedia({ colorScheme: "light", reducedMotion: null });
  assert.deepEqual(faults, []);
}

walk("a patron says how to be reached and where the notice was", async (visitor, number) => {
  const { world } = visitor;
  await visitor.go(await link(world, patron(number)));
  await visitor.reads(visitor.say("me-status-ready-for-pickup"));
  await visitor.reads("The Overstory");
  await visitor.readsNot(patron(number));
  await isSound(visitor, "me");
  await visitor.press(visitor.say("me-place-inbox"));
  await visitor.reads(visitor.say("done-me-said-inbox"));
  await visitor.tick(visitor.page.getByLabel(visitor.say("me-hide")));
  await visitor.choose(visitor.say("me-quiet-from"), "20");
  await visitor.choose(visitor.say("me-quiet-to"), "9");
  await visitor.press(visitor.say("me-save"));
  await visitor.reads(visitor.say("done-me-saved"));
  await visitor.readsNot("The Overstory");
  await visitor.press(visitor.say("me-test-send"));
  await visitor.comesToRead(visitor.say("me-state-accepted", { provider: "Gmail" }));
});

walk("contact details are shown and changed after a code alone", async (visitor, number) => {
  const { world } = visitor;
  await visitor.go(await link(world, patron(number)));
  await visitor.press(visitor.say("me-contact-link"));
  await visitor.readsNot(patron(number));
  await visitor.press(visitor.say("me-code-send"));
  await visitor.reads(visitor.say("me-code-title"));
  await isSound(visitor, "me-code");
  const digits = await until("the code is there", async () => {
    const [code] = (await newest(world, patron(number))).match(/\b\d{4} \d{4}\b/) ?? [];
    return code;
  });
  await visitor.fill(visitor.say("me-code"), digits);
  await visitor.press(visitor.say("me-code-check"));
  await visitor.reads(patron(number));
  await isSound(visitor, "me-contact");
  await visitor.fill(visitor.say("me-mail-another"), "patron@gmial.com");
  await visitor.press(visitor.say("me-mail-use"));
  await visitor.reads(visitor.say("me-mail-meant", { meant: "patron@gmail.com" }));
});

walk("another patron's link shows nothing of this one", async (visitor, number) => {
  const { world } = visitor;
  const other = (number + 1) % 4;
  await visitor.go(await link(world, patron(number)));
  await visitor.reads(`BC-10${number}`);
  await visitor.go(await link(world, patron(other)));
  await visitor.reads(`BC-10${other}`);
  await visitor.readsNot(`BC-10${number}`);
  await visitor.readsNot(`Amira${number}`);
  await visitor.go("/me/AAAAAAAAAAAAAAAAAAAAAAAA");
  await visitor.reads(visitor.say("me-link-wrong"));
  await visitor.readsNot("Amira");
});
