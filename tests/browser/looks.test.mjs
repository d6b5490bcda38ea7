// Some pages look as they did: each is compared from afar with a picture in looks/, which `npm run looks` takes again.
import { ADMIN_PASSWORD, logIn, test } from "./harness.mjs";
import { looksAs, looksOtherThan } from "./looks.mjs";

/** Pages whose content is the same whenever and wherever they are opened. */
async function pages(world) {
  const shop = await world.shop();
  const empty = await world.shop();
  const teapot = await shop.product(await shop.category("Kitchen"), { Name: "Blue Teapot", Price: 19.99, UnitsInStock: 7 });
  return [
    { name: "login", site: shop.storefront, address: "/login" },
    { name: "empty-home", site: empty.storefront, address: "/" },
    { name: "product", site: shop.storefront, address: `/products/${teapot.ProductId}` },
    { name: "not-found", site: shop.storefront, address: "/no-such-page" },
    { name: "empty-dashboard", site: empty.backoffice, address: "/", manager: true },
    { name: "office-product", site: shop.backoffice, address: "/products/new", manager: true },
  ];
}

async function opened(world, { site, address, manager }, look, style = (css) => css) {
  const page = await world.visitor(site, look);
  await page.route(/\.css(\?|$)/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: style(await response.text()) });
  });
  if (manager) await logIn(page, "admin", ADMIN_PASSWORD, address);
  await page.goto(address);
  await page.getByRole("heading", { level: 1 }).waitFor();
  return page;
}

for (const width of [1440, 390]) {
  for (const dark of [false, true]) {
    const look = `${width}-${dark ? "dark" : "light"}`;
    test(`pages look as they did at ${look}`, async (world) => {
      for (const one of await pages(world)) await looksAs(await opened(world, one, { width, dark }), `${one.name}-${look}`);
    });
  }
}

/** What may break of a style sheet, and the look that notices. */
const BROKEN = [
  { what: "any of it", style: () => "", name: "product", look: { width: 1440 } },
  { what: "its columns", style: (css) => css.replaceAll("display: grid", "display: block"), name: "product", look: { width: 1440 } },
  { what: "the frame of pages", style: (css) => css.replaceAll(/\.(top|brand|ways|foot)\b/g, ".none"), name: "login", look: { width: 1440 } },
  { what: "its dark colours", style: (css) => css.replaceAll("prefers-color-scheme: dark", "prefers-color-scheme: none"), name: "login", look: { width: 390, dark: true } },
  { what: "its spaces", style: (css) => css.replaceAll(/padding: [^;}]+/g, "padding: 0"), name: "empty-dashboard", look: { width: 390 } },
];

test("a broken style sheet is seen in what pages look like", async (world) => {
  const all = await pages(world);
  for (const { what, style, name, look } of BROKEN) {
    const page = await opened(world, all.find((one) => one.name === name), look, style);
    await looksOtherThan(page, `${name}-${look.width}-${look.dark ? "dark" : "light"}`).catch((error) => {
      throw new Error(`without ${what}: ${error.message}`);
    });
  }
});
