// What every file of walks begins with: one world and one Chromium for all its walks, each walked in all WAYS.
import { after, before, test } from "node:test";

import { Visitor, WAYS, launch } from "./visitor.mjs";
import { World } from "./world.mjs";

/// No walk takes so long, on a busy machine either.
const WALK_MS = 240_000;

/// What walks share: set when they begin.
export const here = {};

/// Sets up the world of this file; `prepare` puts into it what its walks need. `more`: further settings.
export function inAWorld(prepare = async () => {}, more = "") {
  before(async () => {
    here.world = await World.start(more);
    here.browser = await launch();
    await prepare(here.world);
  });
  after(async () => {
    await here.browser?.close();
    await here.world?.end();
  });
}

/// A walk, in both languages, with scripts and without. `steps` gets the visitor, and the number of the way for names that
/// no other way uses. With `fresh` each way has a world of its own.
export function walk(name, steps, { fresh = false } = {}) {
  WAYS.forEach((way, number) => {
    test(`${name} (${way.language}, ${way.scripts ? "with" : "without"} scripts)`, { timeout: WALK_MS }, async () => {
      const world = fresh ? await World.start() : here.world;
      const visitor = await Visitor.open(here.browser, world, way);
      try {
        await steps(visitor, number);
        await visitor.leave();
      } catch (error) {
        if (process.env.SHOTS) await visitor.page.screenshot({ path: `${process.env.SHOTS}/${name}-${number}.png`, fullPage: true }).catch(() => {});
        throw error;
      } finally {
        await visitor.context.close();
        if (fresh) await world.end();
      }
    });
  });
}
