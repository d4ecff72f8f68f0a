// Shows what a push service hands over, and says so. It keeps nothing and loads nothing.

const ICON = "{icon}";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const seen = (receipt) => fetch("/push/seen", { method: "POST", body: receipt, headers: { "content-type": "text/plain" } });

const show = async ({ title, body, lang, dir, tag, navigate, data }) => {
  await self.registration.showNotification(title, {
    body, lang, dir, tag,
    renotify: true,
    icon: ICON,
    data: { navigate, receipt: data?.receipt },
  });
  // Whoever is offline in this moment has seen it all the same.
  if (data?.receipt) await seen(data.receipt).catch(() => {});
};

self.addEventListener("push", (event) => {
  // A browser that knows declarative messages hands over what it would show by itself.
  const notification = event.notification ?? event.data?.json().notification;
  if (notification) event.waitUntil(show(notification));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { navigate } = event.notification.data ?? {};
  if (navigate && new URL(navigate).origin === self.location.origin) event.waitUntil(self.clients.openWindow(navigate));
});
