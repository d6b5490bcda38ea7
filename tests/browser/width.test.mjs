// No allowed name makes a page wider than its window.
import { ADMIN_PASSWORD, expect, logIn, screenshot, test } from "./harness.mjs";

const WORD = "Donaudampfschifffahrtsgesellschaftskapitänsmütze";
const letters = (count) => "Wide".repeat(count / 4);

/** A shop where every name is as long as it may be, in one word. */
async function wordy(world) {
  const shop = await world.shop();
  const category = await shop.category(letters(100));
  const word = await shop.product(await shop.category(WORD), { Code: letters(64), Name: WORD, Supplier: letters(100), Description: letters(400) });
  const long = await shop.product(category, { Name: letters(200), Supplier: letters(100), Description: letters(400) });
  const user = await shop.customer(letters(64).toLowerCase(), letters(100));
  const orders = [await shop.ordered(user, word.ProductId), await shop.ordered(user, long.ProductId, 2)];
  const denied = await shop.ordered(user, long.ProductId, 1000);
  return { shop, category, products: [word.ProductId, long.ProductId], user, orders: [...orders, denied], invoiced: orders };
}

async function fits(page, address, width) {
  await page.goto(address);
  await page.getByRole("main").waitFor();
  const found = await page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]");
  if (found[0] <= found[1]) return [];
  const name = `wide-${width}-${address.replaceAll(/\W+/g, "-").slice(0, 24)}`;
  await screenshot(page, name);
  return [`${address} is ${found[0]} wide at ${width}`];
}

for (const width of [360, 1024]) {
  test(`long words fit every page of the storefront at ${width}`, async (world) => {
    const { shop, category, products, user, orders, invoiced } = await wordy(world);
    const page = await world.visitor(shop.storefront, { width });
    await logIn(page, user);
    const addresses = [
      "/", "/categories", `/categories/${category}`, `/search?q=${letters(100)}`, "/search?q=wide", "/orders", "/profile", "/login", "/register",
      ...products.map((id) => `/products/${id}`), ...orders.map((id) => `/orders/${id}`), ...invoiced.map((id) => `/orders/${id}/invoice`), `/${letters(200)}`,
    ];
    const wide = [];
    for (const address of addresses) wide.push(...(await fits(page, address, width)));
    expect(wide.length === 0, wide.join("\n"));
    await page.goto(`/products/${products[1]}`);
    await screenshot(page, `long-words-product-${width}`);
    await page.goto("/orders");
    await screenshot(page, `long-words-orders-${width}`);
  });

  test(`long words fit every page of the back office at ${width}`, async (world) => {
    const { shop, category, products, user, orders } = await wordy(world);
    const page = await world.visitor(shop.backoffice, { width });
    await logIn(page, "admin", ADMIN_PASSWORD);
    const { Items: events } = await shop.call("/events/read-all?Limit=100");
    const addresses = [
      "/", "/audit", "/customers", "/customers/account/new", `/customers/${user}`, `/customers/${user}/password`, `/customers/${user}/history`, "/orders", "/sagas", `/orders?product=wide&customer=${user}`, "/events", "/events/follow", "/system", "/inbox",
      "/categories", "/categories/new", `/categories/${category}`, `/categories/${category}/delete`, "/products", "/products?search=wide", "/products/new",
      ...products.flatMap((id) => [`/products/${id}`, `/products/${id}/delete`, `/history/product/${id}`]),
      ...orders.flatMap((id) => [`/orders/${id}`, `/history/order/${id}`]),
      ...events.filter((event, at) => events.findIndex((other) => other.Type === event.Type) === at).flatMap((event) => [`/events/${event.Position}`, `/events/${event.Position}/why`]),
    ];
    const wide = [];
    for (const address of addresses) wide.push(...(await fits(page, address, width)));
    expect(wide.length === 0, wide.join("\n"));
    await page.goto("/products");
    await screenshot(page, `long-words-office-products-${width}`);
    await page.goto("/");
    await screenshot(page, `long-words-office-dashboard-${width}`);
  });
}
