/* Updates in this browser: asks for leave, subscribes with the browser's push service, and waits for the first message. */
(() => {
  "use strict";
  const ready = () => {
    const form = document.querySelector("form[data-push]");
    if (!form) return;
    const button = form.querySelector("button"), note = form.querySelector("[data-note]");
    const say = (text, wrong) => {
      note.textContent = text;
      note.className = wrong ? "wrong" : "hint";
    };
    const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
    if (!able) return say("This browser takes no push messages. On an iPhone or iPad, add this page to the home screen and open it from there; otherwise choose another way above.", true);
    button.disabled = false;
    say("Your browser asks first whether it may show them.");
    const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    const policy = window.trustedTypes ? trustedTypes.createPolicy("amends", { createScriptURL: (url) => url }) : { createScriptURL: (url) => url };
    const same = (a, b) => a && text(a) === b;

    const subscribe = async () => {
      if (await Notification.requestPermission() !== "granted") throw new Error("The browser was told not to show notifications of this site. Allow them in its settings for this site, and try again.");
      await navigator.serviceWorker.register(policy.createScriptURL(form.dataset.worker));
      const worker = await navigator.serviceWorker.ready;
      let known = await worker.pushManager.getSubscription();
      if (known && !same(known.options.applicationServerKey, form.dataset.push)) {
        await known.unsubscribe();
        known = null;
      }
      known ||= await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(form.dataset.push) });
      const body = new URLSearchParams(new FormData(form));
      body.set("endpoint", `${known.endpoint}#${text(known.getKey("p256dh"))}.${text(known.getKey("auth"))}`);
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error || "That did not work. Try again in a moment.");
    };

    navigator.serviceWorker.addEventListener("message", (event) => {
      const manage = event.data && event.data.amends === "confirmed" && event.data.manage;
      if (!manage) return;
      say("Updates are on in this browser. ");
      const link = document.createElement("a");
      link.href = manage;
      link.textContent = "Choose what you hear about";
      note.append(link);
      button.hidden = true;
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      say("Waiting for the first message. It comes within a minute.");
      try {
        await subscribe();
      } catch (error) {
        say(error.message || String(error), true);
      }
      button.disabled = false;
    });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready); else ready();
})();
