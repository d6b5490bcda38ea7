// What every browser test needs: a shop of its own, a browser, a gateway that can be cut off, and the count of what passed.
import { spawn } from "node:child_process";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const here = path.dirname(fileURLToPath(import.meta.url));
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const agora = process.env.AGORA_BIN ?? path.join(here, "../../target/debug/agora");
const screenshots = process.env.AGORA_SCREENSHOTS ?? path.join(here, "../../target/screenshots");

export const ADMIN_PASSWORD = "managers-only-7";
export const PASSWORD = "correct horse battery";
// Generous: on a busy machine everything takes its time, and a test that waits for a condition ends when it holds.
export const PATIENCE_MS = 60_000;

// Before a release, the longest tests run once more at another width.
export const isWhole = "AGORA_TEST_WHOLE" in process.env;

const tests = [];

/**
 * Registers a test; `run` gets a world of its own, and the one that all tests share. Tests of one series share a shop, so they
 * run one after the other, beside others.
 */
export function test(name, run, { series } = {}) {
  tests.push({ name, run, series });
}

/** Says what was expected where it is not so. */
export function expect(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}

export function equal(found, expected, what) {
  if (found !== expected) throw new Error(`${what}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
}

/** Waits until `condition` holds. */
export async function eventually(condition, what) {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    if (await condition()) return;
    if (Date.now() > until) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/**
 * Waits for a `page.goto` or `page.reload`, and says whether it arrived. A form that was just sent may still be replacing the
 * page: the browser refuses to leave what is on its way out, so the caller asks again.
 */
export async function arrived(navigation) {
  try {
    await navigation;
    return true;
  } catch (error) {
    if (/Not attached to an active page|net::ERR_ABORTED|interrupted by another navigation|frame was detached/i.test(error.message)) return false;
    throw error;
  }
}

function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** Runs something that is no test with what tests get. */
export async function alone(run) {
  const browser = await launch();
  const world = new World(browser);
  try {
    await run(world);
  } finally {
    await world.close();
    await browser.close();
  }
}

/** What the browser's driver could not do. It says nothing about the shop, so the test is run once more, and a line says so. */
const OF_THE_DRIVER = /Protocol error|Page crashed|Target (page, context or browser has been )?closed/;

async function passes({ browser, whole }, { name, run }, first) {
  const started = Date.now();
  const world = new World(browser);
  let error;
  try {
    await run(world, whole);
    world.check();
  } catch (caught) {
    error = caught;
    await world.keepFailure(name);
  }
  await world.close().catch((caught) => (error ??= caught));
  if (!error) {
    console.log(`ok      ${name} (${Date.now() - started} ms)`);
    return true;
  }
  const again = first && OF_THE_DRIVER.test(error.message);
  console.log(`${again ? "AGAIN " : "FAILED"}  ${name}\n        ${String(error.stack ?? error).replaceAll("\n", "\n        ")}`);
  return again && passes({ browser, whole }, { name, run }, false);
}

/** Runs all tests, some at once, and says how many passed. */
export async function runAll() {
  const only = process.argv[2];
  const chosen = tests.filter(({ name }) => !only || name.includes(only));
  await mkdir(screenshots, { recursive: true });
  const browser = await launch();
  const queue = [...chosen];
  const whole = new World(browser);
  const failed = [];
  const running = new Set();
  const take = () => {
    const at = queue.findIndex(({ series }) => !running.has(series));
    return at < 0 ? undefined : queue.splice(at, 1)[0];
  };
  const worker = async () => {
    for (let next = take(); next; next = take()) {
      if (next.series) running.add(next.series);
      if (!(await passes({ browser, whole }, next, true))) failed.push(next);
      running.delete(next.series);
    }
  };
  await Promise.all(Array.from({ length: Number(process.env.AGORA_BROWSER_JOBS ?? 2) }, worker));
  const lost = await failsAlone({ browser, whole }, failed);
  await whole.close();
  await browser.close();
  console.log(`${chosen.length - lost} passed, ${lost} failed`);
  process.exitCode = lost || chosen.length === 0 ? 1 : 0;
}

/** More than these are not bad luck. */
const FAILED_MAX = 3;

/**
 * How many of those that failed fail again with nothing beside them. The others depend on how busy the machine was: a defect of the test
 * or of what it tests, but it says nothing about the commit at hand.
 */
async function failsAlone(world, failed) {
  if (failed.length > FAILED_MAX) return failed.length;
  let lost = 0;
  for (const test of failed) {
    if (await passes(world, test, false)) console.log(`PASSED ONLY ALONE, mend or report: ${test.name}`);
    else lost += 1;
  }
  return lost;
}

/** What one test has started, all of it ended with the test. */
class World {
  #browser;
  #ends = [];
  #complaints = [];
  #pages = [];

  constructor(browser) {
    this.#browser = browser;
  }

  /** A whole shop in a process of its own. Flags as of `agora up`. */
  async shop(...flags) {
    const data = await mkdtemp(path.join(tmpdir(), "agora-browser-"));
    this.#ends.push(() => rm(data, { recursive: true, force: true }));
    const sites = ["--storefront-listen", "127.0.0.1:0", "--backoffice-listen", "127.0.0.1:0"];
    const own = ["up", "--data", path.join(data, "data"), "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--json"];
    const ready = await this.#start(agora, [...own, ...sites, ...flags], { AGORA_ADMIN_PASSWORD: ADMIN_PASSWORD });
    const isReady = async () => (await fetch(`${ready.gateway}/health/ready`)).ok;
    await eventually(isReady, "the shop is ready");
    return new Shop(ready);
  }

  /** One website alone, over the gateway at `gateway`. */
  async site(kind, gateway) {
    const data = await mkdtemp(path.join(tmpdir(), "agora-browser-site-"));
    this.#ends.push(() => rm(data, { recursive: true, force: true }));
    const flags = ["run", kind, "--gateway", gateway, `--${kind}-listen`, "127.0.0.1:0", "--data", data, "--json"];
    return (await this.#start(agora, flags, {}))[kind];
  }

  /** A gateway in front of the shop's that can be cut off and that can hold an order back. */
  async gate(shop) {
    const gate = new Gate(shop);
    await gate.listen();
    this.#ends.push(() => gate.close());
    return gate;
  }

  /** A visitor: a browser with its own cookies. */
  async visitor(site, { scripts = true, width = 1280, dark = false } = {}) {
    const context = await this.#browser.newContext({
      baseURL: site,
      javaScriptEnabled: scripts,
      viewport: { width, height: width < 600 ? 780 : 900 },
      colorScheme: dark ? "dark" : "light",
      reducedMotion: "reduce",
    });
    this.#ends.push(() => context.close());
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    page.on("pageerror", (error) => this.#complaints.push(`script: ${error.message}`));
    page.on("console", (message) => {
      const text = message.text();
      // Answers such as 404 are what some tests ask for; what the policy refuses never is.
      if (message.type() === "error" && !text.startsWith("Failed to load resource")) this.#complaints.push(text);
    });
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(site) && !url.startsWith("about:")) this.#complaints.push(`asked elsewhere: ${url}`);
    });
    this.#pages.push(page);
    return page;
  }

  /** Fails the test for whatever no page may ever do. */
  check() {
    expect(this.#complaints.length === 0, `the browser complains:\n${this.#complaints.join("\n")}`);
  }

  async keepFailure(name) {
    for (const [at, page] of this.#pages.entries()) {
      await screenshot(page, `failed-${name.replaceAll(/\W+/g, "-")}-${at}`).catch(() => {});
    }
  }

  async close() {
    for (const end of this.#ends.reverse()) await end();
  }

  async #start(program, flags, variables) {
    const child = spawn(program, flags, { env: { PATH: process.env.PATH, HOME: tmpdir(), ...variables }, stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    let log = "";
    child.stderr.on("data", (bytes) => (log = (log + bytes).slice(-4000)));
    this.#ends.push(async () => {
      child.kill("SIGKILL");
      await ended;
    });
    const line = createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
    const gone = ended.then((code) => Promise.reject(new Error(`${program} ${flags.join(" ")} ended with ${code}: ${log}`)));
    gone.catch(() => {});
    const { value, done } = await Promise.race([line, gone]);
    // Its output ends a moment before it does.
    return done ? gone : JSON.parse(value);
  }
}

/** A running shop, and what a manager does there over the REST API. */
class Shop {
  #token;

  constructor(ready) {
    this.gateway = ready.gateway;
    this.storefront = ready.storefront;
    this.backoffice = ready.backoffice;
  }

  /** A call as the manager; the answer's JSON. */
  async call(route, body) {
    this.#token ??= await this.token("admin", ADMIN_PASSWORD);
    return call(this.gateway, route, body, this.#token);
  }

  async token(user, password = PASSWORD) {
    return (await call(this.gateway, "/customer/login-user", { UserName: user, Password: password })).Token;
  }

  async managerToken() {
    this.#token ??= await this.token("admin", ADMIN_PASSWORD);
    return this.#token;
  }

  async category(name) {
    return (await this.call("/product/add-new-category", { Name: name })).CategoryId;
  }

  async product(category, product = {}) {
    const defaults = { Name: "Blue Teapot", Description: "Holds four cups.", Supplier: "Potters & Sons", CategoryId: category, Price: 19.99, UnitsInStock: 10 };
    return this.call("/product/add-new-product", { ...defaults, ...product });
  }

  async customer(user, fullName = "Ada Byron") {
    await this.call("/customer/add-user", { UserName: user, Password: PASSWORD, FullName: fullName, Email: `${user}@example.org` });
    return user;
  }

  async orders(user) {
    return (await this.call(`/order/get-orders?Type=Customer&Id=${user}`)).Items;
  }

  /** Orders over the API and waits until the invoice is written. */
  async ordered(user, product, quantity = 1) {
    const { OrderId } = await this.call("/order/place-order", { ProductId: product, Quantity: quantity, UserName: user });
    const ended = async () => {
      const { Items } = await this.call(`/order/get-orders?Type=Single&Id=${OrderId}`);
      return Items[0].InvoiceNumber !== null || Items[0].Status === "Canceled";
    };
    await eventually(ended, "the order ends");
    return OrderId;
  }
}

/** The highest position that each shop has answered: sent along, it lets a call see what the ones before it did. */
const positions = new Map();

async function call(gateway, route, body, token) {
  const headers = {
    "content-type": "application/json",
    "agora-position": positions.get(gateway) ?? 0,
    ...(token && { authorization: `Bearer ${token}` }),
  };
  let answer, text;
  const taken = async () => {
    answer = await fetch(gateway + route, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
    text = await answer.text();
    // A shop that is too busy for an order recorded nothing, so it may be sent again.
    return !text.includes('"/problems/orders-busy"');
  };
  await eventually(taken, `${route}: the shop has room for an order`);
  positions.set(gateway, Math.max(positions.get(gateway) ?? 0, Number(answer.headers.get("agora-position"))));
  expect(answer.ok, `${route}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/**
 * A gateway in front of the real one. Cut off, it ends every connection. With an order held at a position, it shows that
 * order as it really stood after that event: the past is as slow as a test wants it.
 */
class Gate {
  #shop;
  #server;
  #sockets = new Set();
  #held = null;
  #watchers = new Set();
  isCut = false;
  /** How many requests came while it was cut off. */
  refused = 0;
  /** How many requests came for each path. */
  asked = new Map();

  constructor(shop) {
    this.#shop = shop;
    this.#server = http.createServer((request, response) => this.#answer(request, response).catch(() => response.destroy()));
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  listen() {
    return new Promise((resolve) => this.#server.listen(0, "127.0.0.1", () => {
      this.url = `http://127.0.0.1:${this.#server.address().port}`;
      resolve();
    }));
  }

  close() {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(resolve));
  }

  /** The gateway is gone: what is open breaks, what comes is not answered. */
  cut() {
    this.isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend() {
    this.isCut = false;
  }

  /** Shows every order as it stood after its first event, until `reach` goes on; and as the running ones, the one named here. */
  hold(order = null) {
    this.#held = { position: null, order };
  }

  /** Goes on to the state after the event `type` of the order. */
  async reach(order, type) {
    const { Items } = await this.#shop.call(`/order/get-order-history?OrderId=${order}`);
    const step = Items.find((step) => step.Event === type);
    expect(step, `${type} is not recorded`);
    this.#held.position = step.Position;
    const change = { Step: step, Order: await this.#asOf(order, step.Position) };
    for (const watcher of this.#watchers) watcher.write(`id: ${step.Position}\nevent: change\ndata: ${JSON.stringify(change)}\n\n`);
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.url);
    this.asked.set(url.pathname, (this.asked.get(url.pathname) ?? 0) + 1);
    if (this.isCut) {
      this.refused += 1;
      return request.socket.destroy();
    }
    if (this.#held && url.pathname === "/order/order-events") return this.#watch(response);
    if (this.#held && url.searchParams.get("Type") === "Single") {
      const order = url.searchParams.get("Id");
      return json(response, { Items: [await this.#asOf(order, await this.#at(order))], Next: null });
    }
    if (this.#held?.order && url.searchParams.get("Running") === "true") {
      const { order } = this.#held;
      return json(response, { Items: [await this.#asOf(order, await this.#at(order))], Next: null });
    }
    if (this.#held && url.pathname === "/order/get-order-history") {
      const order = url.searchParams.get("OrderId");
      const at = await this.#at(order);
      const { Items } = await this.#shop.call(`${url.pathname}?OrderId=${order}`);
      return json(response, { Items: Items.filter((step) => step.Position <= at), Next: null });
    }
    const target = new URL(request.url, this.#shop.gateway);
    const onward = http.request(target, { method: request.method, headers: request.headers });
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  }

  #watch(response) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(": held\n\n");
    this.#watchers.add(response);
    response.on("close", () => this.#watchers.delete(response));
  }

  async #at(order) {
    if (this.#held.position) return this.#held.position;
    const { Items } = await this.#shop.call(`/order/get-order-history?OrderId=${order}`);
    return Items[0].Position;
  }

  async #asOf(order, position) {
    return (await this.#shop.call(`/order/get-orders?Type=Single&Id=${order}&AsOf=${position}`)).Items[0];
  }
}

function json(response, body) {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

/** Logs in on either site. */
export async function logIn(page, user, password = PASSWORD, next = "/") {
  await page.goto(`/login?next=${encodeURIComponent(next)}`);
  await page.getByLabel("User name").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("main").getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Log out" }).waitFor();
}

/** The page is accessible: axe finds nothing, and nothing overflows at any width. */
export async function fine(page, name) {
  const wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth");
  expect(!wide, `${name}: the page is wider than the window`);
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(async () => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  const found = violations.map((violation) => `${violation.id}: ${violation.help}\n  ${violation.nodes.map((node) => node.html).join("\n  ")}`);
  expect(found.length === 0, `${name}: axe finds\n${found.join("\n")}`);
  await screenshot(page, name);
}

export async function screenshot(page, name) {
  // Pictures further down are loaded when they come into sight.
  await page.evaluate("for (const picture of document.images) picture.loading = 'eager'");
  await page.evaluate("Promise.all([...document.images].map((picture) => picture.decode().catch(() => {})))").catch(() => {});
  await page.screenshot({ path: path.join(screenshots, `${name}.png`), fullPage: true });
}

/** Puts a picture beside the screenshots. */
export function keep(name, png) {
  return writeFile(path.join(screenshots, `${name}.png`), png);
}

/** The heading of the page. */
export function heading(page, name) {
  return page.getByRole("heading", { level: 1, name });
}
