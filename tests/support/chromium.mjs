// Debian's Chromium, driven by Playwright.

import { chromium } from "playwright-core";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

// Nothing but the pages under test is looked up or fetched; as root there is no sandbox.
const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts the browser; `await using` ends it. */
export async function browser() {
  return chromium.launch({ executablePath, args, headless: true });
}

/**
 * A page of a new visitor. Whatever goes wrong in it without being asked for (an uncaught error, a blocked script, a
 * failed request for a part of the page) is kept in `page.complaints`.
 */
export async function visitor(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") page.complaints.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.setDefaultTimeout(10_000);
  return page;
}
