// The static mirror in a bucket: written on every change, by requests whose signatures are checked on the other side.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bucket, signature } from "../support/bucket.mjs";
import { eventually, serve } from "../support/program.mjs";
import { administrator } from "../support/team.mjs";

const account = { name: "status-mirror", region: "eu-central-1", key: "AKIDEXAMPLE", secret: "a/secret+of the bucket" };
let held, program, settings;

before(async () => {
  held = await bucket(account);
  settings = [
    "[mirror]", `bucket = "s3://${account.name}/acme"`, `endpoint = "${held.url}"`, `region = "${account.region}"`,
    `access_key = "${account.key}"`, `secret_key = "${account.secret}"`, "",
  ].join("\n");
  program = await serve({ administrator, config: settings });
});
after(async () => {
  await program?.stop();
  await held?.stop();
});

const object = (name) => held.objects.get(`acme/${name}`);
const text = (name) => object(name)?.body.toString("utf8") ?? "";
/** What the list says: digests by name. */
const listed = () => new Map(text(".amends-mirror").trimEnd().split("\n").map((line) => line.split(" ").reverse()));
/** Until everything that was written is noted, and was not noted as being written. */
const settled = () => eventually("the mirror is whole", () => {
  const list = listed();
  return list.has("index.html") && ![...list.values()].includes("?") && list;
});
const declare = (title) => program.command(
  "incident", "declare", "--json", "--title", title, "--public", "--message", "We are looking into it.",
);
const failing = async () => (await program.command("doctor").catch((error) => error)).stdout ?? "";

test("signatures are checked as Amazon publishes them", () => {
  const url = new URL("https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256" +
    "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z" +
    "&X-Amz-Expires=86400&X-Amz-SignedHeaders=host");
  const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
  const made = signature("GET", url, { host: "examplebucket.s3.amazonaws.com" }, secret);
  assert.equal(made, "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
});

test("the bucket holds what the server gives, as the server gives it, and the page that names the rest comes last", async () => {
  const list = await settled();
  for (const [name, path] of [["index.html", "/"], ["history/index.html", "/history"], ["api/v2/status.json", "/api/v2/status.json"]]) {
    const answer = await program.get(path);
    assert.equal(object(name).type, answer.headers.get("content-type"), name);
    assert.equal(object(name).cache, answer.headers.get("cache-control"), name);
  }
  const puts = held.log.filter((line) => line.startsWith("PUT") && !line.endsWith("/.amends-mirror"));
  assert.equal(puts.at(-1), "PUT acme/index.html");
  assert.equal(new Set(puts).size, puts.length, "nothing twice");
  assert.deepEqual([...held.objects.keys()].sort(), [...list.keys(), ".amends-mirror"].map((name) => `acme/${name}`).sort());
  for (const path of text("index.html").matchAll(/(?:href|src)="\/(static\/[^"?#]+)"/g)) assert.ok(object(path[1]), path[1]);
});

test("a change is there within seconds, only what changed is sent, and others' objects are left alone", async () => {
  held.objects.set("acme/CNAME", { body: Buffer.from("the operator's own"), type: "text/plain", cache: "no-store" });
  held.log.length = 0;
  const incident = await declare("Orders are refused");
  const page = `incidents/${incident.id}/index.html`;
  await eventually("the incident is in the mirror", () => object(page) && text("index.html").includes("Orders are refused"));
  await settled();
  assert.ok(!held.log.some((line) => line.startsWith("PUT acme/static/")), "what did not change is not sent again");
  assert.ok(held.log.indexOf(`PUT acme/${page}`) < held.log.indexOf("PUT acme/index.html"));
  assert.ok(object("CNAME"), "others' objects are left alone");
});

test("a bucket that does not answer is said, blocks nothing, and is caught up with", async () => {
  const before = text("index.html");
  held.fails = () => true;
  await declare("Logins are slow");
  await eventually("doctor says it", async () => /mirror.*not up to date.*s3:\/\/status-mirror\/acme/s.test(await failing()));
  assert.match(await (await program.get("/")).text(), /Logins are slow/, "the page itself is up to date");
  assert.equal(text("index.html"), before);
  // Cut off in the middle: what names the rest is not replaced while the rest is not there.
  held.fails = (method, path) => method === "PUT" && path.includes("/incidents/");
  await declare("Search finds nothing");
  await eventually("it was tried", () => held.log.some((line) => line.startsWith("PUT acme/history")));
  assert.equal(text("index.html"), before);
  held.fails = null;
  await eventually("the rest follows", () => /Logins are slow/.test(text("index.html")) && /Search finds nothing/.test(text("index.html")));
  await eventually("doctor is content", async () => !/mirror.*not up to date/.test(await failing()));
  const said = program.lines.join("\n");
  assert.match(said, /the static mirror is not up to date.*503.*SlowDown/);
  assert.ok(!said.includes(account.secret) && !said.includes("X-Amz-Signature"), "no secret in the log");
});

test("the command writes a bucket, too, and says what is wrong with one", async () => {
  const mirror = async (to, config = settings) => {
    const file = join(program.folder, "mirror.toml");
    await writeFile(file, `public_url = "${program.url}"\n${config}`);
    return program.command("mirror", "--to", to, "--config", file).catch((error) => error.stderr);
  };
  await settled();
  held.log.length = 0;
  assert.match(await mirror(`s3://${account.name}/acme`), /acme holds \d+ files: \d written now, 0 removed/);
  assert.match(await mirror(`s3://${account.name}/copy`), /holds (\d+) files: \1 written now/);
  // What was public once.
  const old = "copy/incidents/0123456789/index.html";
  held.objects.set(old, { body: Buffer.from("not public any more"), type: "text/html", cache: "no-store" });
  const list = held.objects.get("copy/.amends-mirror");
  list.body = Buffer.from(`${list.body}0123 ${old.slice("copy/".length)}\n`);
  assert.match(await mirror(`s3://${account.name}/copy`), /\d written now, 1 removed/);
  assert.ok(!held.objects.has(old) && !String(held.objects.get("copy/.amends-mirror").body).includes("0123456789"));
  held.objects.set("other/index.html", { body: Buffer.from("theirs"), type: "text/html", cache: "no-store" });
  for (const [to, config, says] of [
    [`s3://${account.name}/other`, settings, /holds something else already/],
    ["s3://nowhere", settings, /no such bucket/],
    [`s3://${account.name}/acme`, settings.replace(account.secret, "another"), /mirror\.secret_key is not the one/],
    [`s3://${account.name}/acme`, settings.replace(account.key, "other"), /does not know mirror\.access_key/],
    [`s3://${account.name}/acme`, settings.replace(account.region, "us-east-1"), /mirror\.region/],
    [`s3://${account.name}/acme`, settings.replace(/secret_key.*\n/, ""), /needs mirror\.access_key and mirror\.secret_key/],
  ]) {
    const said = await mirror(to, config);
    assert.match(said, says);
    assert.ok(!said.includes(account.secret), said);
  }
  assert.equal(held.objects.get("other/index.html").body.toString(), "theirs");
});
