// Screenshots of every screen, light and dark, 320 and 1280 px wide, of the demo's company: node shots.mjs FOLDER [README]
// Whoever changes a screen looks at it. With a second folder, the two pictures of the README are taken anew into it.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { browser, visitor } from "../support/chromium.mjs";
import { demo } from "../support/program.mjs";

const [folder, readme] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
const [program, chromium] = await Promise.all([demo(), browser()]);
let wrong = 0;
try {
  const link = program.lines.join("\n").match(/The app\s+(\S+)/)[1];
  const first = await visitor(chromium);
  await first.goto(link);
  // The link shows a button first, so that a mail scanner does not use it up.
  if (!new URL(first.url()).pathname.startsWith("/app")) {
    await first.locator("form button").first().click();
    await first.waitForURL(/\/app/);
  }
  const session = await first.context().storageState();
  const screens = await places(first);
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [320, 1280]) {
      const options = { colorScheme, storageState: session, viewport: { width, height: width < 600 ? 720 : 900 } };
      const page = await visitor(chromium, { ...options, reducedMotion: "reduce" });
      for (const [name, path] of screens) {
        await page.goto(program.url + path, { waitUntil: "load" });
        await page.evaluate(() => document.fonts.ready);
        const file = join(folder, `${name}-${colorScheme}-${width}.png`);
        await page.screenshot({ path: file, fullPage: true });
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (over > 0) complain(`${name} ${colorScheme} ${width}: ${over} px too wide`);
      }
      for (const complaint of page.complaints.filter((line) => !line.includes("/nothing)"))) complain(`${colorScheme} ${width}: ${complaint}`);
      await page.context().close();
    }
  }
  console.log(`${screens.length} screens, ${screens.length * 4} pictures in ${folder}`);
  if (readme) await pictures(screens, session);
} finally {
  await chromium.close();
  await program.stop();
}
process.exitCode = wrong > 0 ? 1 : 0;

function complain(text) {
  wrong += 1;
  console.log(text);
}

/** Every screen: `[name, path]`. The app's places are found in its rail, and one record of each in its list. */
async function places(page) {
  const found = [["page", "/"], ["history", "/history"], ["subscribe", "/subscribe"], ["nothing", "/nothing"]];
  const { incidents } = await (await program.get("/api/v2/incidents/unresolved.json")).json();
  found.push(["incident", `/incidents/${incidents[0].id}`]);
  const all = (await (await program.get("/api/v2/incidents.json")).json()).incidents;
  found.push(["letter", `/incidents/${all.find((i) => i.status === "postmortem").id}`]);
  await page.goto(`${program.url}/app`);
  const links = () =>
    page.evaluate(() => [...document.querySelectorAll("a[href]")].map((a) => new URL(a.href).pathname));
  const rail = [...new Set(await links())].filter((path) => /^\/app(\/[a-z]+)*$/.test(path));
  found.push(["room", `/app/incidents/${incidents[0].id}`], ["declare", "/app/incidents/new"], ["mail", "/app/mail"]);
  for (const path of rail) found.push([named(path), path]);
  for (const path of [...rail, "/app/mail"]) {
    await page.goto(program.url + path);
    const records = [...new Set(await links())].filter((to) => to.startsWith(`${path}/`) && !found.some(([, p]) => p === to));
    if (path === "/app") continue;
    const last = (to) => to.slice(path.length + 1);
    const record = records.find((to) => /^([a-z0-9]{12}|\d+)$/.test(last(to)));
    if (record) found.push([`${named(path)}-one`, record]);
    for (const inner of records.filter((to) => /^[a-z-]+$/.test(last(to)) && !/^[a-z0-9]{12}$/.test(last(to)))) {
      found.push([named(inner), inner]);
    }
  }
  found.push(["search", "/app/search?q=checkout"], ["tell", `/app/incidents/${incidents[0].id}/update`]);
  const known = new Map();
  for (const [name, path] of found) if (![...known.values()].includes(path)) known.set(name, path);
  const there = [];
  for (const [name, path] of known) {
    const answer = await page.request.get(program.url + path);
    if (name === "nothing" || answer.ok()) there.push([name, path]);
    else complain(`${path}: ${answer.status()}`);
  }
  return there;
}

function named(path) {
  return path === "/app" ? "app-now" : path.slice(1).replaceAll("/", "-");
}

/** The first screenful, as somebody who reads the README meets it. */
async function pictures(screens, session) {
  await mkdir(readme, { recursive: true });
  const page = await visitor(chromium, { colorScheme: "light", storageState: session, viewport: { width: 1280, height: 860 } });
  for (const name of ["page", "room"]) {
    await page.goto(program.url + screens.find(([own]) => own === name)[1]);
    await page.evaluate(() => document.fonts.ready);
    await page.screenshot({ path: join(readme, `${name}-light-1280.png`) });
  }
  await page.context().close();
}
