const block = document.querySelector("[data-push]");
const part = (name) => block.querySelector(`[data-push-${name}]`);
const show = (...names) => {
for (const name of ["here", "unsupported", "denied", "failed", "on", "off"]) part(name).hidden = !names.includes(name);
};
const octets = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const letters = (buffer) =>
btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const tell = async (path, values) => {
const answer = await fetch(path, { method: "POST", body: new URLSearchParams({ pass: block.dataset.pass, ...values }) });
if (!answer.ok) throw new Error(`${path} ${answer.status}`);
};
const name = () => {
const said = navigator.userAgent;
const browser = [["Firefox", /Firefox|FxiOS/], ["Edge", /Edg/], ["Chrome", /Chrome|CriOS/], ["Safari", /Safari/]];
const system = [["iPhone", /iPhone/], ["iPad", /iPad/], ["Android", /Android/], ["Windows", /Windows/], ["Mac", /Mac/], ["Linux", /Linux/]];
const of = (list) => list.find(([, sign]) => sign.test(said))?.[0];
return [of(browser), of(system)].filter(Boolean).join(", ");
};
const turnOn = async () => {
if ((await Notification.requestPermission()) !== "granted") return show("denied");
await navigator.serviceWorker.register(block.dataset.worker, { scope: "/" });
const { pushManager } = await navigator.serviceWorker.ready;
const applicationServerKey = octets(block.dataset.key);
const old = await pushManager.getSubscription();
if (old && letters(old.options.applicationServerKey) !== block.dataset.key) await old.unsubscribe();
const device = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
await tell("/push/subscribe", {
endpoint: device.endpoint,
p256dh: letters(device.getKey("p256dh")),
auth: letters(device.getKey("auth")),
key: block.dataset.key,
name: name(),
});
location.reload();
};
const turnOff = async () => {
const device = await subscription();
if (device) {
await tell("/push/unsubscribe", { endpoint: device.endpoint });
await device.unsubscribe();
}
location.reload();
};
const subscription = async () => (await navigator.serviceWorker.getRegistration("/"))?.pushManager.getSubscription();
const isListed = async (device) => {
const digest = letters(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(device.endpoint)));
return [...block.querySelectorAll("input[name=device]")].some((input) => input.value === digest);
};
if (block) {
block.querySelector(".push-scripts").hidden = true;
const isThere = "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;
const press = (what) => () => what().catch(() => show("failed", "on"));
part("on").querySelector("button").addEventListener("click", press(turnOn));
part("off").querySelector("button").addEventListener("click", press(turnOff));
const device = isThere && (await subscription().catch(() => null));
if (!isThere) show("unsupported");
else if (Notification.permission === "denied") show("denied");
else if (device && (await isListed(device))) show("here", "off");
else show("on");
}
