// What the tests of the app begin with: an administrator who is signed in, and the mail that was sent.

import assert from "node:assert/strict";
import { eventually } from "./program.mjs";

export const administrator = { email: "ada@example.com", password: "a long enough word 7" };

/** Signs in through the form. */
export async function signIn(hand, program) {
  await hand.open(`${program.url}/sign-in`);
  await hand.fill("Mail address", administrator.email);
  await hand.page.locator("#password").fill(administrator.password);
  await hand.press("Sign in");
  await hand.page.waitForURL(/\/app/);
}

/** The mails in the built-in viewer to an address, newest first, as soon as there are `count`: their raw text. */
export async function mails(page, program, to, count = 1) {
  const paths = await eventually(`${count} mails to ${to}`, async () => {
    const answer = await page.request.get(`${program.url}/app/mail?to=${encodeURIComponent(to)}`);
    const html = await answer.text();
    const found = [...new Set(html.match(/\/app\/mail\/\d+/g))];
    return found.length >= count && found;
  });
  return Promise.all(paths.map(async (path) => (await page.request.get(`${program.url}${path}/raw`)).text()));
}

/** The head of a mail: names in lower case, folded lines joined. */
export function head(mail) {
  const lines = mail.split(/\r?\n\r?\n/)[0].replace(/\r?\n[ \t]/g, " ").split(/\r?\n/);
  return Object.fromEntries(lines.map((line) => [line.split(":")[0].toLowerCase(), line.slice(line.indexOf(":") + 2)]));
}

/** The first address in a mail whose path begins with `path`, such as `/s/`. */
export function address(mail, path) {
  // Quoted-printable breaks long lines and writes = as =3D.
  const text = mail.replace(/=\r?\n/g, "").replaceAll("=3D", "=");
  return text.match(new RegExp(`https?://[^\\s"'<>]+?${path}[\\w.~-]+`))?.[0];
}

/** Subscribes an address on the page and confirms it by the mail that comes. */
export async function subscribe(customer, program, team, email) {
  await customer.open(`${program.url}/subscribe`);
  await customer.fill(/Email me when/, email);
  await customer.press("Send me a confirmation");
  const [mail] = await mails(team.page, program, email);
  await customer.open(address(mail, "/s/"));
  await customer.press(/confirm|yes|subscribe/i);
  assert.match(await customer.page.textContent("main"), /you|updates/i);
}
