// The real program, started for a test on a free port with a folder of its own; it ends with the test process.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const binary = process.env.AMENDS_BIN;
if (!binary) throw new Error("AMENDS_BIN does not say where the program is; run `cargo xtask test`");

// The developer's own settings must not change what a test sees.
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("AMENDS_")));

/** Waits until `look` answers something, asking again and again; says `what` was waited for when it never does. */
export async function eventually(what, look, within = 20_000) {
  const until = Date.now() + within;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > until) throw new Error(`${what}: not within ${within / 1000} s`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

class Program {
  lines = [];

  constructor(data, folder) {
    this.data = data;
    this.folder = folder;
  }

  async #start(args) {
    // The kernel ends it when this process ends in whatever way.
    this.child = spawn("setpriv", ["--pdeathsig", "KILL", "--", binary, ...args], {
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.lines.push(line));
    }
    const ended = once(this.child, "exit").then(([code]) => {
      throw new Error(`amends ${args[0]} ended with ${code}:\n${this.lines.join("\n")}`);
    });
    ended.catch(() => {});
    const ready = eventually("the server is ready", async () => {
      this.url ??= this.#address();
      return this.url && (await fetch(`${this.url}/readyz`).then((a) => a.ok, () => false));
    }, 60_000);
    await Promise.race([ready, ended]);
    return this;
  }

  static async demo() {
    const program = new Program();
    await program.#start(["demo", "--listen", "127.0.0.1:0"]);
    program.data = program.lines.join("\n").match(/--data (\S+)/)[1];
    return program;
  }

  static async serve({ administrator, config, args: more = [] } = {}) {
    const args = [...more];
    const folder = await mkdtemp(join(tmpdir(), "amends-test-"));
    const program = new Program(join(folder, "data"), folder);
    if (administrator) {
      await writeFile(join(folder, "password"), `${administrator.password}\n`);
      const who = ["--admin-email", administrator.email, "--admin-password-file", join(folder, "password")];
      await program.command("init", "--name", "Acme", ...who);
    }
    if (config) {
      await writeFile(join(folder, "amends.toml"), config);
      args.push("--config", join(folder, "amends.toml"));
    }
    return program.#start(["serve", "--data", program.data, "--listen", "127.0.0.1:0", ...args]);
  }

  #address() {
    return this.lines.join("\n").match(/(?:Status page|serves on)\s+(http:\/\/[0-9.:]+)/)?.[1];
  }

  /** The first address that it has printed with `part` in it, such as its one-time link. */
  link(part) {
    return this.lines.join(" ").split(/\s+/).find((word) => word.startsWith("http") && word.includes(part));
  }

  /** Runs a command of the program on this server's data and answers what it printed; with --json, the resource. */
  async command(...args) {
    const run = promisify(execFile);
    const { stdout } = await run(binary, [...args, "--data", this.data], { env: environment });
    return args.includes("--json") ? JSON.parse(stdout) : stdout;
  }

  /** Fetches a path of the server. */
  get(path, options) {
    return fetch(this.url + path, options);
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, "exit");
      this.child.kill("SIGTERM");
      const late = setTimeout(() => this.child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(late);
    }
    if (this.folder) await rm(this.folder, { recursive: true, force: true });
  }
}

/** The invented company of `amends demo`. */
export const demo = () => Program.demo();

/** An empty installation, as on a first start; with `administrator: {email, password}` it is set up
 * already. `config` is the text of its configuration file, `args` are further arguments. */
export const serve = (options) => Program.serve(options);
