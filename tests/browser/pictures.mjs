// Takes the pictures of the README and of the book from a running sample shop: `node pictures.mjs FOLDER`, or `cargo xtask pictures`.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { animated } from "./animation.mjs";
import { ADMIN_PASSWORD, alone, eventually, expect, logIn } from "./harness.mjs";

const folder = process.argv[2];
const WIDTH = 1200;
const STILL_BYTES = 200_000;
const MOVING_BYTES = 1_500_000;
/** How long one frame is shown, and one that says something new. */
const FRAME_MS = 400;
const PAUSE_MS = 2200;

async function keep(bytes, name, most = STILL_BYTES) {
  const file = path.join(folder, name);
  expect(bytes.length <= most, `${file} would have ${bytes.length} bytes, and may have ${most}`);
  await writeFile(file, bytes);
  console.log(`${file}: ${Math.round(bytes.length / 1000)} kB`);
}

/** What is on the screen, without what is below it. */
function shot(page) {
  return page.screenshot({ animations: "disabled", caret: "hide" });
}

async function size(page, width, height) {
  await page.setViewportSize({ width, height });
  await page.evaluate("Promise.all([...document.images].map((picture) => picture.decode().catch(() => {})))");
}

async function inTheShop(world, shop) {
  const page = await world.visitor(shop.storefront, { width: WIDTH });
  await page.goto("/search?q=cheeze");
  await size(page, WIDTH, 900);
  await keep(await shot(page), "shop.png");

  const { Items: found } = await shop.call("/product/get-products?Search=forest%20honey&Limit=1");
  await shop.customer("grace", "Grace Hopper");
  await logIn(page, "grace", undefined, `/products/${found[0].ProductId}`);
  await page.getByLabel("Quantity").fill("2");
  await page.getByLabel("Quantity").blur();
  await size(page, WIDTH, 900);
  await keep(await shot(page), "product.png");
}

async function inTheBackOffice(page, shop) {
  await page.goto("/?live=off");
  await size(page, WIDTH, 900);
  await keep(await shot(page), "dashboard.png");

  const { Items: orders } = await shop.call("/order/get-orders?Type=All&Limit=50");
  const finalized = orders.find((order) => order.Status === "Finalized" && order.InvoiceNumber);
  await page.goto(`/orders/${finalized.OrderId}`);
  await page.locator("#saga").scrollIntoViewIfNeeded();
  await keep(await page.locator("section[aria-labelledby=saga]").screenshot(), "saga.png");
  await page.goto(`/why/order/${finalized.OrderId}`);
  await page.locator(".marks a").first().click();
  await page.locator(".graph").first().waitFor();
  await size(page, WIDTH, 900);
  await keep(await shot(page), "why.png");
}

/** The order service is killed, and the System page says what that means. */
async function aPartIsAway(page) {
  await page.goto("/playground");
  await page.getByRole("button", { name: "Kill order" }).click();
  await page.goto("/system");
  await page.locator(".alert.bad").filter({ hasText: /order\s+does not answer/i }).first().waitFor();
  await size(page, WIDTH, 900);
  await keep(await shot(page), "system.png");
  await page.goto("/playground");
  await page.getByRole("button", { name: "End all faults" }).click();
  await page.getByText("All faults have ended.").waitFor();
}

/** Accounting is killed, orders wait, it is started again, and all is well: frame by frame. */
async function itHeals(page) {
  const frames = [];
  const take = async (words, ms = FRAME_MS) => {
    await page.evaluate(caption, words);
    frames.push({ png: await shot(page), ms });
  };
  const follow = async (words, holds, most = 40) => {
    for (let taken = 0; taken < most && !(await holds()); taken += 1) {
      await take(words);
      await page.waitForTimeout(FRAME_MS);
    }
    await eventually(holds, words);
  };
  const now = () => page.locator("#now").innerText();
  const show = async () => {
    await page.locator(".desk").first().scrollIntoViewIfNeeded();
    await page.evaluate("document.querySelector('.desk').scrollIntoView()");
  };
  await page.goto("/playground");
  await size(page, WIDTH, 1010);
  await page.getByLabel("Visits a minute").fill("240");
  await page.locator("form[action='/playground/traffic'] button").click();
  await show();
  await take("A shop at work: four services, and shoppers who come by themselves.", PAUSE_MS);
  await page.getByRole("button", { name: "Kill accounting" }).click();
  await show();
  await take("Kill the accounting service.", PAUSE_MS);
  await follow("Orders continue. Their invoices wait for accounting.", async () => Number(/accounting by (\d+)/.exec(await now())?.[1] ?? 0) >= 20);
  await take("Orders continue. Their invoices wait for accounting.", PAUSE_MS);
  await page.getByRole("button", { name: "End all faults" }).click();
  await show();
  await take("Start it again: it reads in the log what it missed.", PAUSE_MS);
  await follow("Every invoice is written, once.", async () => /every order has ended/.test(await now()));
  await take("Healed: every invoice is written, once, and every sum is exact.", 2 * PAUSE_MS);
  await keep(await animated(page, frames), "heal.webp", MOVING_BYTES);
}

/** Words at the foot of the window. Runs in the page. */
function caption(words) {
  const strip = document.getElementById("caption") ?? document.body.appendChild(Object.assign(document.createElement("p"), { id: "caption" }));
  strip.textContent = words;
  strip.style.cssText = "position:fixed;inset:auto 0 0;max-width:none;margin:0;padding:14px 24px;background:#111827;color:#fff;font:600 22px system-ui,sans-serif;z-index:9";
}

await mkdir(folder, { recursive: true });
await alone(async (world) => {
  const shop = await world.shop("--demo");
  await inTheShop(world, shop);
  const page = await world.visitor(shop.backoffice, { width: WIDTH });
  await logIn(page, "admin", ADMIN_PASSWORD);
  await inTheBackOffice(page, shop);
  await aPartIsAway(page);
  await itHeals(page);
});
