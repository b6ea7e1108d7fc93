/* Shows what is pushed to this browser, and confirms a subscription: that the message came here is the proof. */
"use strict";

const read = (data) => {
  try { return data.json(); } catch { return {}; }
};

const pages = (message) => self.clients.matchAll({ type: "window", includeUncontrolled: true })
  .then((all) => all.forEach((page) => page.postMessage(message)));

const show = (message) => self.registration.showNotification(message.title || "News", {
  body: [message.text, message.from].filter(Boolean).join("\n"),
  icon: "/icon/ok.svg",
  tag: message.tag || undefined,
  renotify: Boolean(message.tag),
  data: { url: message.url || "/" },
});

const confirm = async (message) => {
  let manage = message.manage;
  if (message.confirm) {
    const path = new URL(message.confirm, self.location).pathname;
    try {
      const answer = await fetch(path, { method: "POST", headers: { Accept: "application/json" } });
      manage = answer.ok && (await answer.json()).manage;
    } catch { manage = null; }
    if (!manage) return show({ title: "Updates are not on yet", text: "Open this to turn them on.", url: path });
  }
  await pages({ amends: "confirmed", manage });
  return show({ ...message, url: manage });
};

self.addEventListener("push", (event) => {
  const message = read(event.data);
  event.waitUntil("confirm" in message ? confirm(message) : show(message));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data.url));
});
