// Notifications in a real Firefox, through a push service on loopback: turned on, shown, replaced by what is newer, turned off; by the link that
// the library makes, and on the patron's own page after a code.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Firefox, found } from "./firefox.mjs";
import { PushService } from "./push_service.mjs";
import { World, until } from "./world.mjs";

const program = found();
const EMAIL = "patron@gmail.example";
const OTHER = "patron-yusuf@gmail.example";

describe("notifications", { skip: program ? false : "skipped: Firefox is not here" }, () => {
  let world, service, firefox;

  before(async () => {
    service = await PushService.start();
    world = await World.start("[push]\nprivate = true\n");
    await world.library("MRPL", {
      reach: { ladder: ["push", "mail"], quiet_from: "00:00", quiet_to: "00:00" },
    });
    firefox = await Firefox.start(program, service.url);
  });

  after(async () => {
    await firefox?.end();
    await world?.end();
    service?.end();
  });

  const tell = (request, status = "ready_for_pickup") => world.tell("MRPL", request, { email: EMAIL }, { status });
  const kinds = async (id) => (await world.api("GET", `/v1/messages/${id}/timeline`)).entries.map(({ kind }) => kind);
  const seen = (id) => until(`${id} was shown`, async () => (await kinds(id)).includes("seen"));
  const of = (shown, tag) => shown.filter((one) => one.tag === tag);
  let first;

  test("a patron turns them on with one button, and a notice shows on the screen", async () => {
    const { url } = await world.api("POST", "/v1/libraries/MRPL/push-link", { patron: "21234" });
    await firefox.open(url);
    await firefox.press("Turn on notifications");
    await firefox.says("Notifications are on for this device.");
    await firefox.says("Firefox, Linux");
    await until("it can be turned off, and no longer on", async () => {
      const buttons = await firefox.buttons().catch(() => []);
      return buttons.join() === "Turn off on this device,Turn off Firefox, Linux";
    });
    first = await tell("BC-1");
    const message = await world.state(first, "accepted");
    assert.equal(message.channel, "push");
    await seen(first);
    const [shown, ...more] = await firefox.shown();
    assert.deepEqual(more, []);
    assert.equal(shown.title, "Maple Ridge Public Library");
    assert.ok(shown.body.length > 0 && !shown.body.includes("Overstory"), shown.body);
    assert.deepEqual(service.handed.map(({ status }) => status), [201]);
  });

  test("a later notice of the same request takes the place of the earlier one on the screen", async () => {
    const [before] = await firefox.shown();
    const id = await tell("BC-1", "pickup_reminder");
    await seen(id);
    const shown = await firefox.shown();
    assert.equal(shown.length, 1);
    assert.equal(shown[0].tag, before.tag);
    assert.notEqual(shown[0].body, before.body);
  });

  test("a browser that was away is handed the newest of each request alone", async () => {
    service.away();
    const [old, other] = [await tell("BC-2"), await tell("BC-3")];
    await world.state(old, "accepted");
    await world.state(other, "accepted");
    const newer = await tell("BC-2", "pickup_reminder");
    await world.state(newer, "accepted");
    assert.equal(service.waiting.length, 2);
    service.back();
    await seen(newer);
    await seen(other);
    assert.ok(!(await kinds(old)).includes("seen"), "what was replaced was never shown");
    const shown = await firefox.shown();
    const topic = service.handed.at(-1).topic;
    assert.equal(of(shown, topic).length, 1, JSON.stringify(shown));
  });

  test("turned off, the device shows nothing more, and the patron gets mail", async () => {
    await firefox.press("Turn off on this device");
    await until("the browser has said so", () => [...service.devices.values()].every(({ isOff }) => isOff));
    await until("one button is left", async () => (await firefox.buttons().catch(() => [])).join() === "Turn on notifications");
    const id = await tell("BC-4");
    const message = await world.state(id, "accepted");
    assert.equal(message.channel, "mail");
    const entries = await kinds(id);
    assert.ok(!entries.includes("seen"));
    assert.ok(service.handed.every(({ status }) => status === 201), "the service was not asked again");
  });

  test("a device that the browser forgot without a word is forgotten here too", async () => {
    await firefox.press("Turn on notifications");
    await firefox.says("Notifications are on for this device.");
    await firefox.run("navigator.serviceWorker.ready.then((it) => it.pushManager.getSubscription()).then((it) => it.unsubscribe())");
    await until("the browser has said so", () => [...service.devices.values()].every(({ isOff }) => isOff));
    const id = await tell("BC-5");
    const failed = await world.state(id, "failed");
    assert.equal(failed.cause?.code ?? failed.cause, "push.expired");
    const climbed = await until("another way is tried", async () => {
      const { entries } = await world.api("GET", `/v1/messages/${id}/timeline`);
      return entries.find(({ kind }) => kind === "climbed")?.again;
    });
    assert.equal((await world.state(climbed, "accepted")).channel, "mail");
    assert.equal(service.handed.at(-1).status, 410);
  });

  /// The newest of `pattern` in the mails to another patron, who has a page of their own.
  const inMail = (what, pattern) =>
    until(`${what} is in a mail`, async () => {
      const mails = await world.internet.mails(OTHER);
      return mails.map(({ raw }) => raw.replace(/=\r?\n/g, "").match(pattern)?.[0]).filter(Boolean).at(-1);
    });
  const buttons = async () => (await firefox.buttons().catch(() => [])).join();
  const tellOther = (request) => world.tell("MRPL", request, { ref: "777", email: OTHER, first_name: "Yusuf" });

  test("on their own page a patron turns them on after a code, is told, and turns them off", async () => {
    const first = await tellOther("BC-6");
    assert.equal((await world.state(first, "accepted")).channel, "mail");
    await firefox.open(world.url + (await inMail("the link", /\/me\/[\w-]{24}/)));
    await firefox.says("Yusuf, how should we tell you");
    await firefox.says("show with a code that it is you");
    assert.ok(!(await buttons()).includes("Turn on notifications"), "whoever merely followed a link is not asked");
    await firefox.open(`${world.url}/me/contact`);
    await firefox.press("Send me a code");
    await firefox.says("Enter the code");
    await firefox.fill("code", await inMail("the code", /\b\d{4} \d{4}\b/));
    await firefox.press("Go on");
    await firefox.says("You can change your details now.");
    await firefox.open(`${world.url}/me`);
    await firefox.press("Turn on notifications");
    await firefox.says("Notifications are on for this device.");
    await firefox.says("Firefox, Linux");
    const before = (await firefox.shown()).length;
    const told = await tellOther("BC-7");
    assert.equal((await world.state(told, "accepted")).channel, "push");
    await seen(told);
    const shown = await firefox.shown();
    assert.equal(shown.length, before + 1);
    assert.ok(shown.every(({ title, body }) => title === "Maple Ridge Public Library" && !body.includes("Overstory")), JSON.stringify(shown));
    await firefox.press("Turn off on this device");
    await until("it can be turned on again", async () => (await buttons()).includes("Turn on notifications"));
    const after = await tellOther("BC-8");
    assert.equal((await world.state(after, "accepted")).channel, "mail");
    assert.ok(!(await kinds(after)).includes("seen"));
  });
});
