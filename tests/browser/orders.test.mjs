// Customers: ordering, following an order, invoices, and what happens when something is in the way.
import { PASSWORD, equal, eventually, expect, fine, heading, logIn, screenshot, test } from "./harness.mjs";

/** A shop with one product, and a customer who has a credit of 100. */
async function selling(world, product = {}, ...flags) {
  const shop = await world.shop(...flags);
  const category = await shop.category("Kitchen");
  const teapot = await shop.product(category, product);
  await shop.customer("ada");
  return { shop, category, teapot };
}

/** From the page of a product: with scripts its button is binding, without them there is a look at the sum first. */
async function orderNow(page, { scripts = true } = {}) {
  if (!scripts) {
    await page.getByRole("button", { name: "Review the order" }).click();
    await heading(page, "Review your order").waitFor();
  }
  await page.getByRole("button", { name: "Place the order" }).click();
}
const complete = (page) => page.getByText("Your order is complete.").waitFor();

for (const [scripts, width] of [[true, 390], [true, 1440], [false, 390], [false, 1440]]) {
  const how = scripts ? "" : " without scripts";
  test(`a customer orders, follows the order and gets an invoice, ${width} wide${how}`, async (world) => {
    const { shop, teapot } = await selling(world);
    const page = await world.visitor(shop.storefront, { scripts, width });
    const look = (name) => (scripts ? fine(page, `${name}-${width}`) : screenshot(page, `${name}-${width}-noscript`));
    const sum = () => page.locator(".purchase dd").allInnerTexts().then(String);
    await page.goto("/");
    await page.getByRole("link", { name: "Blue Teapot" }).click();
    await page.getByLabel("Quantity").fill("2");
    await page.getByRole("button", { name: "Log in to order" }).click();
    await page.getByLabel("User name").fill("ada");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("main").getByRole("button", { name: "Log in" }).click();
    await heading(page, "Review your order").waitFor();
    equal(await sum(), "€39.98,€100.00,€60.02", "the quantity is kept through the log-in");
    await look("order-review");
    await page.getByRole("link", { name: "Change" }).click();
    await heading(page, "Blue Teapot").waitFor();
    equal(await page.getByLabel("Quantity").inputValue(), "2", "the quantity");
    equal(await sum(), "€39.98,€100.00,€60.02", "the sum, and the credit before and after");
    if (scripts) {
      await page.getByRole("button", { name: "One more" }).click();
      equal(await sum(), "€59.97,€100.00,€40.03", "the sum of three");
      await page.getByLabel("Quantity").fill("6");
      await page.getByText("Your credit of €100.00 is enough for 5.").waitFor();
      expect(await page.getByRole("button", { name: "Place the order" }).isDisabled(), "too much can be ordered");
      await look("product-too-much");
      await page.getByLabel("Quantity").fill("1");
      await page.getByRole("button", { name: "One more" }).click();
    } else {
      await page.getByLabel("Quantity").fill("6");
      await page.getByRole("button", { name: "Review the order" }).click();
      await page.getByText("Your credit of €100.00 is enough for 5.").waitFor();
      await look("order-too-much");
      await page.getByRole("link", { name: "Take 5 instead" }).click();
      await page.getByRole("link", { name: "Change" }).click();
      await page.getByLabel("Quantity").fill("2");
    }
    await look("product-order");
    equal((await shop.orders("ada")).length, 0, "orders before the one clear press");
    await orderNow(page, { scripts });
    await heading(page, "Your order").waitFor();
    await complete(page);
    for (const step of ["Order placed", "Stock reserved", "Credit reserved", "Approved", "Finalized", "Invoice"]) {
      await page.locator(".steps .done strong", { hasText: step }).waitFor();
    }
    await page.getByText("Everything that was recorded").click();
    await page.getByText("accounting.invoice-issued").waitFor();
    await look("order-complete");
    equal(await page.getByRole("link", { name: "Order again" }).getAttribute("href"), `/products/${teapot.ProductId}?Quantity=2`, "the way to another");
    await page.getByRole("link", { name: "Continue shopping" }).click();
    await heading(page, "Kitchen").waitFor();
    await page.goBack();
    await page.getByRole("link", { name: "Open the invoice" }).click();
    await heading(page, "Invoice").waitFor();
    await page.getByText("Ada Byron (ada)").waitFor();
    equal(await page.locator(".invoice tfoot td").innerText(), "€39.98", "the total");
    await look("invoice");
    await page.goto("/orders");
    const row = page.getByRole("row", { name: /Blue Teapot/ });
    for (const part of ["Finalized", "€39.98", "No. 1"]) await row.getByText(part).waitFor();
    await look("orders");
    await page.getByLabel("Show").selectOption("Canceled");
    // With scripts it applies at once.
    if (!scripts) await page.getByRole("button", { name: "Show" }).click();
    await page.getByText("No such orders").waitFor();
    await look("orders-none");
    await page.goto("/profile");
    equal(await page.locator(".figures dd").allInnerTexts().then(String), "€60.02,€0.00,€60.02", "the credit");
  });
}

test("an invoice prints on one sheet of A4 and of Letter", async (world) => {
  const { shop, teapot } = await selling(world, { Name: `A teapot of ${"very ".repeat(30)}long name`.slice(0, 200) });
  const order = await shop.ordered("ada", teapot.ProductId);
  const page = await world.visitor(shop.storefront);
  await logIn(page, "ada", PASSWORD, `/orders/${order}/invoice`);
  for (const format of ["A4", "Letter"]) {
    const pdf = (await page.pdf({ format, preferCSSPageSize: false })).toString("latin1");
    equal(pdf.match(/\/Type\s*\/Page\b/g).length, 1, `sheets of ${format}`);
  }
  await page.emulateMedia({ media: "print" });
  equal(await page.getByRole("button", { name: "Log out" }).isVisible(), false, "what only a screen needs");
  await screenshot(page, "invoice-print");
});

test("nothing on a shelf is ordered by a press", async (world) => {
  const { shop } = await selling(world);
  const page = await world.visitor(shop.storefront);
  await logIn(page, "ada");
  for (const address of ["/", "/search", "/search?q=teapot"]) {
    await page.goto(address);
    equal(await page.locator("main form[method=post]").count(), 0, `forms of ${address} that change something`);
  }
  await page.locator(".card").click();
  await heading(page, "Blue Teapot").waitFor();
  equal((await shop.orders("ada")).length, 0, "orders");
});

test("a form that is sent twice is one order, and a new form is another", async (world) => {
  const { shop, teapot } = await selling(world);
  const page = await world.visitor(shop.storefront, { scripts: false });
  await logIn(page, "ada", PASSWORD, `/order/review?ProductId=${teapot.ProductId}&Quantity=1`);
  const form = {};
  for (const name of ["_csrf", "Key", "ProductId", "Price"]) form[name] = await page.locator(`#order [name=${name}]`).inputValue();
  form.Quantity = "1";
  const send = (more = {}) => page.request.post("/orders", { form: { ...form, ...more }, maxRedirects: 0 });
  const answers = await Promise.all([send(), send(), send()]);
  const places = new Set(answers.map((answer) => answer.headers().location));
  equal(places.size, 1, "orders that three sendings lead to");
  equal((await shop.orders("ada")).length, 1, "orders");
  const changed = await send({ Quantity: "2" });
  equal(changed.status(), 200, "the same form with another quantity");
  expect((await changed.text()).includes("This form was already used for an order"), "says what happened");
  await page.reload();
  await page.getByRole("button", { name: "Place the order" }).click();
  await heading(page, "Your order").waitFor();
  equal((await shop.orders("ada")).length, 2, "orders after a newly opened form");
});

test("a press too many is one order", async (world) => {
  const { shop, teapot } = await selling(world);
  const page = await world.visitor(shop.storefront);
  await logIn(page, "ada", PASSWORD, `/products/${teapot.ProductId}`);
  await page.getByRole("button", { name: "Place the order" }).dblclick();
  await complete(page);
  equal((await shop.orders("ada")).length, 1, "orders");
});

test("two browsers watch one order go step by step, without reloading", async (world) => {
  const { shop, teapot } = await selling(world);
  const order = await shop.ordered("ada", teapot.ProductId);
  const gate = await world.gate(shop);
  gate.hold();
  const site = await world.site("storefront", gate.url);
  const pages = [await world.visitor(site), await world.visitor(site, { width: 360 })];
  for (const page of pages) {
    await logIn(page, "ada", PASSWORD, `/orders/${order}`);
    await page.evaluate("window.stayed = true");
    await page.getByText("Pending: stock and credit are being reserved.").first().waitFor();
    equal(await page.getByText("complete", { exact: false }).count(), 0, "nothing says complete yet");
  }
  await fine(pages[0], "order-pending");
  await eventually(() => (gate.asked.get("/order/order-events") ?? 0) >= 2, "both pages listen");
  const states = [
    ["product.stock-reserved", "Stock reserved"],
    ["customer.credit-reserved", "Credit reserved"],
    ["order.finalized", "Finalized"],
    ["accounting.invoice-issued", "Invoice"],
  ];
  const { Items } = await shop.call(`/order/get-order-history?OrderId=${order}`);
  const at = (type) => Items.find((step) => step.Event === type).Position;
  for (const [type, words] of states.sort(([a], [b]) => at(a) - at(b))) {
    await gate.reach(order, type);
    for (const page of pages) await page.locator(".steps .done strong", { hasText: words }).waitFor();
    await screenshot(pages[0], `order-${type}`);
  }
  for (const page of pages) {
    await complete(page);
    expect(await page.evaluate("window.stayed"), "the page was reloaded");
    expect((await page.locator("#said").textContent()).startsWith("Complete"), "it is said to who cannot see it");
  }
});

test("without scripts, the page of an order under way reloads itself", async (world) => {
  const { shop, teapot } = await selling(world);
  const order = await shop.ordered("ada", teapot.ProductId);
  const gate = await world.gate(shop);
  gate.hold();
  const page = await world.visitor(await world.site("storefront", gate.url), { scripts: false });
  await logIn(page, "ada", PASSWORD, `/orders/${order}`);
  await page.getByText("Pending: stock and credit are being reserved.").waitFor();
  await gate.reach(order, "accounting.invoice-issued");
  await complete(page);
});

test("a denial says why, in plain words, and what to do", async (world) => {
  const { shop, category, teapot } = await selling(world, { UnitsInStock: 9 });
  await shop.customer("eve");
  const page = await world.visitor(shop.storefront);
  const denied = async (name, words) => {
    await page.getByText("This order was not accepted, and you pay nothing.").waitFor();
    await page.getByText(words).waitFor();
    await fine(page, name);
  };
  await logIn(page, "ada", PASSWORD, `/products/${teapot.ProductId}`);
  await page.getByLabel("Quantity").fill("5");
  await shop.call("/customer/set-credit", { UserName: "ada", Change: -90 });
  await orderNow(page);
  await denied("order-low-credit", "Your credit was not sufficient.");
  await page.locator(".steps .skipped", { hasText: "released again" }).waitFor();
  await shop.call("/customer/set-credit", { UserName: "ada", Change: 90 });
  const last = await shop.product(category, { Name: "The last one", UnitsInStock: 1 });
  await page.goto(`/products/${last.ProductId}`);
  await shop.ordered("eve", last.ProductId);
  await orderNow(page);
  await denied("order-out-of-stock", "There were not enough left.");
  await page.goto(`/products/${teapot.ProductId}`);
  await shop.call("/product/update-product", { ProductId: teapot.ProductId, Price: 29.99 });
  await orderNow(page);
  await denied("order-price-changed", "The price changed while you ordered.");
  await page.goto(`/products/${teapot.ProductId}`);
  await shop.call("/product/delete-product", { ProductId: teapot.ProductId });
  await orderNow(page);
  await heading(page, /Not found/).waitFor();
  const user = await shop.call("/customer/get-user/ada");
  equal(user.Available, 100, "the credit after four orders that were not accepted");
});

test("while the shop cannot be reached, pages say so, keep what was typed and recover", async (world) => {
  const { shop, teapot } = await selling(world);
  const gate = await world.gate(shop);
  const site = await world.site("storefront", gate.url);
  const page = await world.visitor(site);
  await logIn(page, "ada", PASSWORD, `/products/${teapot.ProductId}`);
  const stranger = await world.visitor(site);
  await stranger.goto("/register");
  await stranger.getByLabel("Full name").fill("Grace Hopper");
  await stranger.getByLabel("E-mail").fill("grace@example.org");
  await stranger.getByLabel("User name").fill("grace");
  await stranger.getByLabel("Password").fill(PASSWORD);
  const lost = await world.visitor(site, { scripts: false });

  gate.cut();
  equal((await lost.goto("/categories")).status(), 503, "a page");
  await heading(lost, "The shop cannot be reached right now").waitFor();
  await page.getByLabel("Quantity").fill("2");
  await orderNow(page);
  await heading(page, "The shop cannot be reached right now").waitFor();
  await fine(page, "unreachable-order");
  await stranger.getByRole("main").getByRole("button", { name: "Register" }).click();
  await stranger.getByText("The shop cannot be reached right now").waitFor();
  equal(await stranger.getByLabel("E-mail").inputValue(), "grace@example.org", "what was typed");
  await fine(stranger, "unreachable-register");

  gate.mend();
  await heading(lost, "Categories").waitFor();
  await page.getByRole("button", { name: "Send it again" }).click();
  await complete(page);
  const orders = await shop.orders("ada");
  equal(`${orders.length} order of ${orders[0].Quantity}`, "1 order of 2", "what was ordered");
  await stranger.getByLabel("Password").fill(PASSWORD);
  await stranger.getByRole("main").getByRole("button", { name: "Register" }).click();
  await stranger.getByText("Welcome, Grace Hopper!").waitFor();
});

test("an order page goes on by itself after the shop was away", async (world) => {
  const { shop, teapot } = await selling(world);
  const order = await shop.ordered("ada", teapot.ProductId);
  const gate = await world.gate(shop);
  gate.hold();
  const page = await world.visitor(await world.site("storefront", gate.url));
  await logIn(page, "ada", PASSWORD, `/orders/${order}`);
  await page.getByText("Pending: stock and credit are being reserved.").first().waitFor();
  await eventually(() => (gate.asked.get("/order/order-events") ?? 0) >= 1, "the page listens");
  gate.cut();
  await gate.reach(order, "accounting.invoice-issued");
  await eventually(() => gate.refused > 0, "the page tries again");
  gate.mend();
  await complete(page);
});
