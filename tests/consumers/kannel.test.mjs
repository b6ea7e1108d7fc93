// Text messages through a real gateway: Debian's kannel, with the exchange that comes with it standing for the telephones.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { eventually, serve } from "../support/program.mjs";
import { administrator } from "../support/team.mjs";

const exchange = "/usr/lib/kannel/test/fakesmsc";
const skip = existsSync(exchange) && existsSync("/usr/sbin/bearerbox") ? false : "kannel and kannel-extras are not installed";
const number = "+491512345678";
const running = [];
let program, folder, phones;

const freePort = async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
};

/** Starts a part of kannel, which ends with this process. */
const start = (binary, ...args) => {
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", binary, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  child.lines = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => child.lines.push(line));
  }
  running.push(child);
  return child;
};

/** The texts that telephones got, oldest first. */
const received = () =>
  phones.lines.map((line) => line.match(/Got message \d+: <(\S+) (\S+) text (.*)>$/)).filter(Boolean)
    .map(([, from, to, text]) => ({ from, to, text }));

before(async () => {
  if (skip) return;
  const [admin, boxes, smsc, sendsms] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const secret = "a-secret-of-the-gateway";
  const url = `http://127.0.0.1:${sendsms}/cgi-bin/sendsms?username=u&password=p&from={from}&to={to}&text={text}` +
    "&charset=UTF-8&coding={coding}&dlr-mask=19&dlr-url={status_url}%3Fstate%3D%25d";
  const config = `[sms]\ncountries = ["+49"]\nfrom = "Acme"\nsecret = "${secret}"\nurl = "${url}"\n`;
  program = await serve({ administrator, config });
  folder = await mkdtemp(join(tmpdir(), "amends-kannel-"));
  const file = join(folder, "kannel.conf");
  const groups = [
    { group: "core", "admin-port": admin, "admin-password": "x", "smsbox-port": boxes, "box-allow-ip": "127.0.0.1", "dlr-storage": "internal" },
    { group: "smsc", smsc: "fake", "smsc-id": "fake", port: smsc, "connect-allow-ip": "127.0.0.1" },
    { group: "smsbox", "bearerbox-host": "127.0.0.1", "sendsms-port": sendsms, "global-sender": "13013" },
    { group: "sendsms-user", username: "u", password: "p", concatenation: "true", "max-messages": 2 },
    {
      group: "sms-service", keyword: "default", "catch-all": "true", "omit-empty": "true",
      "get-url": `"${program.url}/hooks/sms/${secret}/in?from=%p&text=%a"`,
    },
  ];
  const written = groups.map((g) => Object.entries(g).map(([name, value]) => `${name} = ${value}`).join("\n"));
  await writeFile(file, `${written.join("\n\n")}\n`);
  const listens = (port) => eventually(`port ${port} listens`, () =>
    fetch(`http://127.0.0.1:${port}/`).then(() => true, () => false));
  start("/usr/sbin/bearerbox", "-v", "1", file);
  await listens(admin);
  start("/usr/sbin/smsbox", "-v", "1", file);
  await listens(sendsms);
  phones = start(exchange, "-H", "127.0.0.1", "-r", String(smsc), "-v", "0");
  await eventually("the exchange is known to the gateway", async () => {
    const status = await (await fetch(`http://127.0.0.1:${admin}/status.txt`)).text();
    return /fake[^\n]*\(online/i.test(status);
  });
});

after(async () => {
  for (const child of running.reverse()) child.kill("SIGKILL");
  if (folder) await rm(folder, { recursive: true, force: true });
  await program?.stop();
});

const form = (path, fields) =>
  program.get(path, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });

test("a code comes, updates follow, and STOP ends them", { skip, timeout: 120_000 }, async () => {
  const page = await (await program.get("/subscribe")).text();
  assert.match(page, /href="\/subscribe\/sms"/);
  const refused = await form("/subscribe", { channel: "sms", endpoint: "+1 900 1234567" });
  assert.equal(refused.status, 422);
  assert.match(await refused.text(), /\+49/);

  const asked = await form("/subscribe", { channel: "sms", endpoint: "+49 (0)151 2345678" });
  assert.equal(asked.status, 303, await asked.text());
  const at = asked.headers.get("location");
  assert.match(at, /^\/c\/\w+$/);
  const [first] = await eventually("a text message with a code", () => received().length >= 1 && received());
  assert.deepEqual([first.from, first.to], ["Acme", number]);
  const code = first.text.match(/\d{6}/)[0];
  const wrong = await form(at, { code: code === "000000" ? "000001" : "000000" });
  assert.equal(wrong.status, 422);
  assert.match(await wrong.text(), /4 tries are left/);
  const confirmed = await form(at, { code });
  assert.equal(confirmed.status, 200);
  assert.match(await confirmed.text(), /You are subscribed/);

  const text = "We are “looking” into it — wörd by wörd. ".repeat(20);
  await program.command("incident", "declare", "--title", "Some mails are not sent", "--public", "--message", text);
  const [, update] = await eventually("the update", () => received().length >= 2 && received());
  assert.ok(update.text.length <= 160, update.text);
  assert.match(update.text, /^Acme Status: Some mails are not sent\. .*wörd.*\.\.\. http\S+\/incidents\/\w+ STOP to end$/);
  await eventually("the report of the exchange", async () =>
    /the gateway reported: 1/.test(await program.command("subscriber", "why", number)));

  phones.stdin.write(`${number} 13013 text Stop\n`);
  const [, , bye] = await eventually("the answer to STOP", () => received().length >= 3 && received());
  assert.match(bye.text, /no more messages/);
  const listed = await program.command("subscriber", "list", "--channel", "sms", "--json");
  assert.equal((listed.items ?? listed)[0].state, "unsubscribed");
  const suppressed = await program.command("subscriber", "suppressed", "--json");
  assert.equal((suppressed.items ?? suppressed)[0].reason, "opted_out");
});
