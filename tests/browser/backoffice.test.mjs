// Product managers: goods, customers, orders, the event store, the system, and what happens when something is in the way.
import { readFile } from "node:fs/promises";
import { ADMIN_PASSWORD, PASSWORD, equal, eventually, expect, fine, heading, logIn, screenshot, test } from "./harness.mjs";

/** A shop with one product and one customer, and a manager who is logged in. */
async function office(world, options = {}, product = {}) {
  const shop = await world.shop();
  const category = await shop.category("Kitchen");
  const teapot = await shop.product(category, product);
  await shop.customer("ada");
  const page = await world.visitor(shop.backoffice, options);
  await logIn(page, "admin", ADMIN_PASSWORD);
  return { shop, category, teapot, page };
}

const details = (shop, id) => shop.call(`/product/get-product-details?ProductId=${id}`);
const heading2 = (page, name) => page.getByRole("heading", { level: 2, name }).waitFor();
const save = (page) => page.getByRole("button", { name: "Save changes" }).click();

test("only managers get into the back office", async (world) => {
  const shop = await world.shop();
  await shop.customer("ada");
  const page = await world.visitor(shop.backoffice);
  await page.goto("/orders?status=Pending");
  await heading(page, "Log in").waitFor();
  await fine(page, "office-login");
  await page.getByLabel("User name").fill("ada");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("main").getByRole("button", { name: "Log in" }).click();
  await page.getByText("The back office is for product managers. This account").waitFor();
  equal(await page.getByLabel("User name").inputValue(), "ada", "what was typed");
  await page.getByLabel("User name").fill("admin");
  await page.getByLabel("Password").fill(ADMIN_PASSWORD);
  await page.getByRole("main").getByRole("button", { name: "Log in" }).click();
  await heading(page, "Orders").waitFor();
  expect(page.url().endsWith("/orders?status=Pending"), "the log-in leads on to the page that was asked for");
  await page.getByRole("button", { name: "Log out" }).click();
  await page.goto("/products");
  await heading(page, "Log in").waitFor();
});

for (const scripts of [true, false]) {
  const how = scripts ? "" : " without scripts";
  test(`a manager adds, edits and deletes products and categories${how}`, async (world) => {
    const { shop, page } = await office(world, { scripts });
    const look = (name) => (scripts ? fine(page, name) : screenshot(page, `${name}-noscript`));
    await page.goto("/categories");
    await look("office-categories");
    await page.getByRole("link", { name: "Add a category" }).click();
    await page.getByLabel("Name").fill("kitchen");
    await page.getByRole("button", { name: "Add the category" }).click();
    await page.getByText("A category with this name already exists.").waitFor();
    equal(await page.getByLabel("Name").inputValue(), "kitchen", "what was typed");
    await look("office-category-taken");
    await page.getByLabel("Name").fill("Garden");
    await page.getByRole("button", { name: "Add the category" }).click();
    await page.getByText("The category “Garden” is added.").waitFor();
    await page.getByText("2 categories", { exact: true }).waitFor();

    await page.goto("/products/new");
    await page.getByLabel("Code").fill("W-1");
    await page.getByLabel("Name").fill("Watering <can>");
    await page.getByLabel("Supplier").fill("Smiths & Co");
    await page.getByLabel("Category").selectOption({ label: "Garden" });
    await page.getByLabel("Price").fill("12.345");
    await page.getByLabel("Units in stock").fill("7");
    await page.getByRole("button", { name: "Add the product" }).click();
    await page.locator("#error-Price").waitFor();
    equal(await page.getByLabel("Name").inputValue(), "Watering <can>", "what was typed");
    await look("office-product-refused");
    await page.getByLabel("Price").fill("12.30");
    await page.getByRole("button", { name: "Add the product" }).click();
    await heading(page, "Watering <can>").waitFor();
    await page.getByLabel("Price").fill("13.50");
    await save(page);
    await page.getByText("“Watering <can>” is saved.").waitFor();
    await look("office-product");
    const { Price, UnitsInStock, Supplier } = await shop.call("/product/get-product-details?Code=W-1");
    equal(`${Price} ${UnitsInStock} ${Supplier}`, "13.5 7 Smiths & Co", "the product");

    await page.goto("/products?sort=-Price");
    equal(await page.locator("tbody th a").allInnerTexts().then(String), "Blue Teapot,Watering <can>", "the dearest first");
    await page.getByLabel("Search", { exact: true }).fill("smiths");
    await page.getByRole("button", { name: "Show" }).click();
    await page.locator("tbody tr").nth(1).waitFor({ state: "detached" });
    await look("office-products");
    await page.getByRole("link", { name: "Watering <can>" }).click();
    await page.getByRole("link", { name: "Delete the product" }).click();
    await look("office-product-delete");
    await page.getByRole("button", { name: "Delete the product" }).click();
    await page.getByText("The product is deleted.").waitFor();
    await page.goto("/products?q=watering");
    await heading(page, "Products").waitFor();
    await page.getByText("No products found").waitFor();

    await page.goto("/categories");
    await page.getByRole("link", { name: "Kitchen" }).click();
    await page.getByRole("link", { name: "Delete the category" }).click();
    await page.getByRole("button", { name: "Delete the category" }).click();
    await page.getByRole("alert").waitFor();
    await look("office-category-in-use");
    await page.goto("/categories");
    await page.getByRole("link", { name: "Garden" }).click();
    await page.getByRole("link", { name: "Delete the category" }).click();
    await page.getByRole("button", { name: "Delete the category" }).click();
    await page.getByText("The category is deleted.").waitFor();
  });
}

for (const scripts of [true, false]) {
  const how = scripts ? "" : " without scripts";
  test(`the first product of an empty shop brings its category along, and all faults are shown at once${how}`, async (world) => {
    const shop = await world.shop();
    const page = await world.visitor(shop.backoffice, { scripts });
    await logIn(page, "admin", ADMIN_PASSWORD, "/products/new");
    await page.getByLabel("Code").fill("T 1");
    await page.getByLabel("Name").fill("Teapot");
    await page.getByLabel("Price").fill("cheap");
    await page.getByLabel("Units in stock").fill("7");
    await page.getByRole("button", { name: "Add the product" }).click();
    await page.getByText("3 fields need another look.").waitFor();
    for (const field of ["Code", "CategoryId", "Price"]) await page.locator(`#error-${field}`).waitFor();
    expect(!(await page.textContent("main")).includes("UUID"), "no parser's text");
    if (scripts) await fine(page, "office-product-faults");
    await page.getByLabel("Code").fill("T-1");
    await page.getByLabel("Price").fill("12.30");
    await page.getByLabel("Or a new one").fill("Kitchen");
    await page.getByRole("button", { name: "Add the product" }).click();
    await page.getByText("“Teapot” is added.").waitFor();
    // Once more by its name: it is the same one.
    await page.goto("/products/new");
    await page.getByLabel("Name").fill("Cup");
    await page.getByLabel("Price").fill("2.00");
    await page.getByLabel("Or a new one").fill("KITCHEN");
    await page.getByRole("button", { name: "Add the product" }).click();
    await page.getByText("“Cup” is added.").waitFor();
    const { Items } = await shop.call("/product/get-categories");
    equal(Items.map((category) => category.Name).join(), "Kitchen", "the categories");
  });
}

for (const scripts of [true, false]) {
  const how = scripts ? "" : " without scripts";
  test(`many products are changed at once, after a preview, each with its outcome${how}`, async (world) => {
    const { shop, category, teapot, page } = await office(world, { scripts });
    const cup = await shop.product(category, { Name: "Red Cup", Price: 5, UnitsInStock: 3 });
    const stamp = await shop.product(category, { Name: "Stamp", Price: 0.05, UnitsInStock: 3 });
    const garden = await shop.category("Garden");
    const choose = async (action, value, names) => {
      await page.goto("/products");
      for (const name of names) await page.getByRole("checkbox", { name: `Pick ${name}` }).check();
      await page.getByLabel("Change", { exact: true }).selectOption(action);
      await page.getByLabel(action === "category" ? "To the category" : "By", { exact: true })[action === "category" ? "selectOption" : "fill"](value);
      await page.getByRole("button", { name: "Preview" }).click();
    };
    const prices = async () => (await Promise.all([teapot, cup, stamp].map((one) => details(shop, one.ProductId)))).map((one) => one.Price).join(" ");
    await choose("percent", "lots", ["Red Cup"]);
    await page.locator("#error-Value", { hasText: "Must be a percentage such as 5 or -2.5." }).waitFor();
    equal(await page.getByLabel("By", { exact: true }).inputValue(), "lots", "what was typed");
    equal(await page.locator("[name=Pick]:checked").evaluateAll((boxes) => boxes.map((box) => box.value).join()), cup.ProductId, "what was picked");
    if (scripts) {
      await fine(page, "office-products-refused");
      await page.getByLabel("Pick all on this page").check();
      await page.getByText("3 picked").waitFor();
      await fine(page, "office-products-picked");
    }
    await choose("percent", "5", ["Blue Teapot", "Red Cup", "Stamp"]);
    await page.getByText("2 of 3 would change.").waitFor();
    await page.getByRole("row", { name: /Blue Teapot/ }).getByText("€20.99").waitFor();
    await page.getByRole("row", { name: /Stamp/ }).getByText("Left out: stays as it is").waitFor();
    if (scripts) await fine(page, "office-bulk-preview");
    equal(await prices(), "19.99 5 0.05", "nothing is changed by the preview");
    // Another manager is faster with one of them.
    await shop.call("/product/update-product", { ProductId: cup.ProductId, Price: 9 });
    await page.getByRole("button", { name: "Change 2 products" }).click();
    await heading(page, "1 of 2 products are changed").waitFor();
    await page.getByRole("row", { name: /Red Cup/ }).getByText("It was changed after the preview.").waitFor();
    if (scripts) await fine(page, "office-bulk-done");
    equal(await prices(), "20.99 9 0.05", "the others' change stands");

    await choose("stock", "20", ["Red Cup", "Stamp"]);
    await page.getByRole("button", { name: "Change 2 products" }).click();
    await heading(page, "2 of 2 products are changed").waitFor();
    // Sent again, it adds nothing.
    await page.reload();
    await heading(page, "2 of 2 products are changed").waitFor();
    equal((await details(shop, cup.ProductId)).UnitsInStock, 23, "added once");
    await choose("category", garden, ["Stamp"]);
    await page.getByRole("button", { name: "Change 1 product" }).click();
    await heading(page, "1 of 1 product is changed").waitFor();
    equal((await details(shop, stamp.ProductId)).CategoryName, "Garden", "moved");
    await page.getByRole("link", { name: "Back to the products" }).click();
    await page.getByText("3 products").waitFor();

    // The list as a file, as it is narrowed.
    await page.goto(`/products?category=${garden}`);
    const saving = page.waitForEvent("download");
    await page.getByRole("link", { name: "Save as CSV" }).click();
    const file = await readFile(await (await saving).path(), "utf8");
    equal(file, "ProductCode,Name,Description,Supplier,Category,PriceMinor,UnitsInStock\r\n,Stamp,Holds four cups.,Potters & Sons,Garden,5,23\r\n", "the file");
  });
}

for (const scripts of [true, false]) {
  const how = scripts ? "" : " without scripts";
  test(`one search finds products, customers and orders${how}`, async (world) => {
    const { shop, teapot, page } = await office(world, { scripts });
    const order = await shop.ordered("ada", teapot.ProductId);
    const search = async (text) => {
      await page.getByLabel("Search products, customers, orders").fill(text);
      await page.getByRole("button", { name: "Search" }).click();
      await heading(page, `Results for “${text}”`).waitFor();
    };
    await search("teapot bleu");
    await page.getByRole("link", { name: "Blue Teapot" }).waitFor();
    await heading2(page, "Newest orders of Blue Teapot");
    if (scripts) await fine(page, "office-search");
    await search("byron");
    await page.getByRole("link", { name: "ada" }).waitFor();
    await heading2(page, "Newest orders of ada");
    const number = `${order.slice(-8, -4)}-${order.slice(-4)}`.toUpperCase();
    await search(number);
    await page.locator(".found-orders").getByRole("link", { name: number }).waitFor();
    await search(order);
    await page.locator(".found-orders").getByRole("row", { name: /Blue Teapot/ }).getByRole("link").click();
    await page.getByText(order).first().waitFor();
    await search("nothing of the kind");
    await page.getByText("No product, customer or order matches").waitFor();
  });
}

test("a product changed meanwhile is shown in both versions, and the manager decides", async (world) => {
  const { shop, teapot, page } = await office(world);
  await page.goto(`/products/${teapot.ProductId}`);
  await page.getByLabel("Name").fill("My Teapot");
  await page.getByLabel("Price").fill("25.00");
  await page.getByLabel("Units in stock").fill("15");
  await shop.call("/product/update-product", { ProductId: teapot.ProductId, Name: "Their Teapot", Supplier: "Others" });
  await shop.ordered("ada", teapot.ProductId, 2);
  await save(page);
  await heading(page, "This product was changed in the meantime").waitFor();
  await fine(page, "office-conflict");
  const before = await details(shop, teapot.ProductId);
  equal(`${before.Name} ${before.Price} ${before.UnitsInStock}`, "Their Teapot 19.99 8", "nothing is saved yet");
  await page.getByRole("radio", { name: "Their Teapot" }).check();
  await page.getByRole("button", { name: "Save as decided" }).click();
  await page.getByText("“Their Teapot” is saved.").waitFor();
  const after = await details(shop, teapot.ProductId);
  equal(`${after.Name} ${after.Supplier} ${after.Price} ${after.UnitsInStock}`, "Their Teapot Others 25 13", "as decided, with what was sold taken off");
});

test("sales while a form is open neither conflict nor are overwritten", async (world) => {
  const { shop, teapot, page } = await office(world);
  await page.goto(`/products/${teapot.ProductId}`);
  await page.getByLabel("Units in stock").fill("30");
  await shop.ordered("ada", teapot.ProductId, 3);
  await save(page);
  await page.getByText("“Blue Teapot” is saved.").waitFor();
  equal((await details(shop, teapot.ProductId)).UnitsInStock, 27, "ten and twenty more, less the three sold");
});

test("a manager sets a customer's credit, and sees their orders", async (world) => {
  const { shop, teapot, page } = await office(world);
  await page.goto("/customers?q=ada");
  await page.getByText("1 account", { exact: true }).waitFor();
  await fine(page, "office-customers");
  await page.getByRole("link", { name: "ada" }).click();
  await page.getByLabel("New credit").fill("lots");
  await page.getByRole("button", { name: "Set the credit" }).click();
  await page.locator("#error-Credit").waitFor();
  equal(await page.getByLabel("New credit").inputValue(), "lots", "what was typed");
  await page.goto("/customers/ada");
  await page.getByLabel("New credit").fill("150.50");
  await shop.ordered("ada", teapot.ProductId);
  await page.getByRole("button", { name: "Set the credit" }).click();
  await page.getByText("The credit of ada is €130.51 now.").waitFor();
  await page.getByRole("row", { name: /Blue Teapot/ }).getByRole("link", { name: /^[0-9A-F]{4}-[0-9A-F]{4}$/ }).waitFor();
  await fine(page, "office-customer");
  await page.goto("/orders?customer=ada");
  await page.getByText("1 order", { exact: true }).waitFor();
  await page.goto("/customers/ada/history");
  await page.getByText("as of any event").waitFor();
  await page.getByRole("link", { name: "First" }).click();
  await page.getByRole("row", { name: /^Credit/ }).getByText("€100.00").waitFor();
  await page.goto("/customers/nobody");
  await heading(page, "There is no such page").waitFor();
});

for (const scripts of [true, false]) {
  const how = scripts ? "" : " without scripts";
  test(`a manager adds a manager, and sets a customer's password, which ends the sessions${how}`, async (world) => {
    const { shop, page } = await office(world, { scripts });
    const look = (name) => (scripts ? fine(page, name) : screenshot(page, `${name}-noscript`));
    const shopper = await world.visitor(shop.storefront);
    await logIn(shopper, "ada");
    await page.goto("/customers");
    await page.getByRole("link", { name: "Add an account" }).click();
    await page.getByLabel("Account for").selectOption("manager");
    await page.getByLabel("User name").fill("ada");
    await page.getByLabel("Full name").fill("Dora Mann");
    await page.getByLabel("E-mail").fill("dora@example.org");
    const password = await page.getByLabel("First password").inputValue();
    expect(/^[a-z2-9]{16}$/.test(password), `a password is suggested: ${password}`);
    await page.getByRole("button", { name: "Add the account" }).click();
    await page.locator("#error-UserName").waitFor();
    equal(await page.getByLabel("First password").inputValue(), password, "what was suggested");
    await look("office-account-new");
    await page.getByLabel("User name").fill("dora");
    await page.getByRole("button", { name: "Add the account" }).click();
    await page.getByText("dora is added as a manager").waitFor();

    const dora = await world.visitor(shop.backoffice, { scripts });
    await logIn(dora, "dora", password);
    await dora.goto("/customers/ada");
    await dora.getByRole("link", { name: "Set the password" }).click();
    if (scripts) await fine(dora, "office-password");
    await dora.getByLabel("New password").fill("short");
    await dora.getByRole("button", { name: "Set the password" }).click();
    await dora.locator("#error-Password").waitFor();
    await dora.getByLabel("New password").fill("for ada alone");
    await dora.getByRole("button", { name: "Set the password" }).click();
    await dora.getByText("All sessions of ada have ended.").waitFor();
    await shopper.goto("/profile");
    await heading(shopper, "Log in").waitFor();
    await logIn(shopper, "ada", "for ada alone");

    // Her own needs the current one, and ends this session too.
    await dora.goto("/customers/dora/password");
    await dora.getByLabel("Current password").fill("wrong");
    await dora.getByLabel("New password").fill("dora's own secret");
    await dora.getByRole("button", { name: "Set the password" }).click();
    await dora.locator("#error-CurrentPassword").waitFor();
    await dora.getByLabel("Current password").fill(password);
    await dora.getByLabel("New password").fill("dora's own secret");
    await dora.getByRole("button", { name: "Set the password" }).click();
    await dora.getByText("Your password is changed").waitFor();
    await logIn(dora, "dora", "dora's own secret");
  });
}

for (const scripts of [true, false]) {
  const how = scripts ? "" : " without scripts";
  test(`the audit says who changed what, and when${how}`, async (world) => {
    const { shop, teapot, page } = await office(world, { scripts });
    await shop.call("/product/update-product", { ProductId: teapot.ProductId, Price: 21.5, UnitsChange: 5 });
    await shop.call("/customer/set-credit", { UserName: "ada", Change: 50 });
    const rows = page.locator(".deeds tbody tr");
    const row = (words) => rows.filter({ hasText: words });
    await page.getByRole("link", { name: "Audit" }).click();
    await row("Credit changed").getByText(/credit €[\d,.]+ → €/).waitFor();
    await page.locator(".tally", { hasText: /^\d+ changes$/ }).waitFor();
    if (scripts) await fine(page, "office-audit");
    // Each row leads to its event, which leads to the person and the thing.
    const changed = row("Product changed");
    await changed.getByText("price €19.99 → €21.50, stock 10 → 15").waitFor();
    equal(await changed.getByRole("link").count(), 1, "links of a row");
    await changed.getByRole("link").click();
    await page.getByText("\"price\": 2150").waitFor();
    const ways = page.locator(".facts a");
    for (const way of ["/customers/admin", `/products/${teapot.ProductId}`]) expect(await ways.and(page.locator(`[href="${way}"]`)).count(), `a way to ${way}`);

    await page.goto("/audit?kind=product");
    equal(await rows.count(), 2, "added and changed");
    await page.getByLabel("One person").fill("ada");
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByText("No changes found").waitFor();
    await page.getByLabel("One person").fill("nobody");
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByText("Is not the user name of an account.").waitFor();
    await page.goto("/audit?until=2020-01-01T00%3A00");
    await page.getByText("No changes found").waitFor();

    // Forwards and back.
    for (let price = 1; price <= 30; price += 1) await shop.call("/product/update-product", { ProductId: teapot.ProductId, Price: price });
    await page.goto("/audit?size=25");
    equal(await rows.count(), 25, "a page");
    await page.getByRole("link", { name: "Next page" }).click();
    await page.getByText(/^26–\d+ of \d+$/).waitFor();
    await row("Credit changed").waitFor();
    await page.getByRole("link", { name: "Previous page" }).click();
    await row("price €29.00 → €30.00").waitFor();
    equal(await rows.count(), 25, "the first page again");
  });
}

test("an order's saga grows while it runs, without reload", async (world) => {
  const shop = await world.shop();
  const teapot = await shop.product(await shop.category("Kitchen"));
  await shop.customer("ada");
  const order = await shop.ordered("ada", teapot.ProductId);
  const gate = await world.gate(shop);
  gate.hold();
  const page = await world.visitor(await world.site("backoffice", gate.url));
  await logIn(page, "admin", ADMIN_PASSWORD, `/orders/${order}`);
  const drawn = (count) => eventually(async () => (await page.locator(".graph a").count()) === count, `${count} events are drawn`);
  await page.evaluate("globalThis.here = true");
  await drawn(1);
  await fine(page, "office-order-pending");
  await eventually(() => gate.asked.get("/order/order-events"), "the page watches the order");
  await gate.reach(order, "order.approved");
  await drawn(4);
  await gate.reach(order, "order.finalized");
  await drawn(5);
  await page.getByText(/waiting for product for .+ and customer for .+ and accounting for /).waitFor();
  expect(await page.evaluate("globalThis.here === true"), "the page was reloaded");
});

test("all orders can be found by state, customer, product and time", async (world) => {
  const { shop, category, teapot, page } = await office(world, {}, { UnitsInStock: 2, Price: 5 });
  const cup = await shop.product(category, { Name: "Red Cup", Code: "CUP", Price: 1, UnitsInStock: 5 });
  await shop.customer("bob");
  const done = await shop.ordered("ada", teapot.ProductId);
  await shop.ordered("bob", cup.ProductId);
  const denied = await shop.ordered("bob", teapot.ProductId, 9);
  const rows = async (query) => {
    await page.goto(`/orders${query}`);
    return page.locator("tbody tr").count();
  };
  equal(await rows(""), 3, "all orders");
  await fine(page, "office-orders");
  // A choice applies at once, and keeps what is typed.
  await page.getByLabel("Customer", { exact: true }).fill("bob");
  await page.getByLabel("State").selectOption("Canceled");
  await page.waitForURL(/status=Canceled.*customer=bob/);
  await page.getByText("1 order", { exact: true }).waitFor();
  equal(await rows("?status=Canceled"), 1, "canceled orders");
  equal(await rows("?customer=bob"), 2, "Bob's orders");
  equal(await rows("?product=CUP"), 1, "orders of a code");
  equal(await rows("?product=teapot"), 2, "orders of a name");
  equal(await rows("?to=2020-01-01"), 0, "orders of another time");
  equal(await rows("?channel=api"), 3, "orders of the API");
  equal(await rows("?channel=site"), 0, "orders of the site");
  equal(await rows("?customer=nobody"), 0, "nobody's orders");
  await page.getByText("There is no such customer.").waitFor();
  await fine(page, "office-orders-none");
  await page.goto(`/orders/${denied}`);
  await page.getByText("out of stock").first().waitFor();
  await fine(page, "office-order-denied");
  await page.goto(`/orders/${done}`);
  equal(await page.locator("#story tbody tr").count(), 8, "every step of the history");
  await fine(page, "office-order");
  await page.goto(`/history/order/${done}?at=1`);
  await page.getByRole("row", { name: /^Status/ }).getByText("Pending").waitFor();
  await page.getByRole("link", { name: "Last" }).click();
  await page.getByRole("row", { name: /^Status/ }).getByText("Finalized").waitFor();
  await fine(page, "office-history-order");
});

test("the event store is browsed, followed, and a product seen as of any event", async (world) => {
  const { shop, teapot, page } = await office(world);
  await shop.call("/product/update-product", { ProductId: teapot.ProductId, Price: 21 });
  await page.goto("/events");
  await fine(page, "office-events");
  const types = () => page.locator("tbody td:nth-child(2)").allInnerTexts().then(String);
  equal((await types()).split(",")[0], "product.changed", "the newest event");
  // A stream's name is short on the page, and whole to a copy.
  const copied = await page.locator(".log .short").first().evaluate((code) => (getSelection().selectAllChildren(code), getSelection().toString()));
  equal(copied, `product-${teapot.ProductId}`, "what is copied");
  const changed = page.getByRole("row", { name: /product.changed.*Blue Teapot/ });
  equal(await changed.getByRole("link").count(), 1, "links of a row");
  await page.getByLabel("Type").selectOption({ label: "product.added (1)" });
  await page.getByText("1 event", { exact: true }).waitFor();
  equal(await types(), "product.added", "only events of the type");
  await page.goto("/events?type=added");
  await page.getByText("There is no type “added”.").waitFor();
  await fine(page, "office-events-type");
  await page.getByRole("link", { name: "product.added" }).click();
  await page.getByText("1 event", { exact: true }).waitFor();
  equal(await types(), "product.added", "the type that was meant");
  await page.locator("tbody th a").click();
  await page.getByText("\"price\": 1999").waitFor();
  await fine(page, "office-event");
  await page.getByRole("link", { name: "See it as of this event" }).click();
  await page.getByRole("row", { name: /^Price/ }).getByText("€19.99").waitFor();
  await page.getByRole("link", { name: "After" }).click();
  await page.getByRole("row", { name: /^Price/ }).getByText("was €19.99").waitFor();
  await fine(page, "office-history");
  await page.goto("/events/follow?category=product");
  await page.locator("tbody tr").first().waitFor();
  await page.evaluate("globalThis.here = true");
  await shop.call("/product/update-product", { ProductId: teapot.ProductId, Price: 22 });
  await eventually(async () => (await page.locator("tbody tr").count()) === 3, "the new event appears");
  expect(await page.evaluate("globalThis.here === true"), "the page was reloaded");
  await fine(page, "office-follow");
  await page.goto("/events?stream=nonsense");
  await page.locator("#error-stream").waitFor();
});

for (const scripts of [true, false]) {
  const how = scripts ? "" : " without scripts";
  test(`on a phone lists are in sight, and their filters one tap away${how}`, async (world) => {
    const { shop, teapot, page } = await office(world, { scripts, width: 390 });
    await shop.ordered("ada", teapot.ProductId);
    for (const [path, field] of [["/orders", "State"], ["/events", "Category"], ["/audit", "One person"], ["/products", "Category"]]) {
      await page.goto(path);
      const filter = page.locator("form.folded").getByLabel(field, { exact: true });
      equal(await filter.isVisible(), false, `the filters of ${path}`);
      await page.getByLabel("Filters").check();
      await filter.waitFor();
      await (scripts ? fine : screenshot)(page, `office-fold${path.replace("/", "-")}-390${scripts ? "" : "-noscript"}`);
    }
    await page.goto("/orders?status=Canceled");
    await page.getByLabel("State").waitFor();
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto("/orders");
    await page.getByLabel("State").waitFor();
    equal(await page.getByLabel("Filters").isVisible(), false, "on a desk there is room for them");
  });
}

test("dashboard and system show the shop as it is, live", async (world) => {
  const { shop, teapot, page } = await office(world);
  await heading(page, "Dashboard").waitFor();
  await fine(page, "office-dashboard-empty");
  await shop.ordered("ada", teapot.ProductId, 2);
  await page.locator(".figures dd", { hasText: "€39.98" }).waitFor();
  await page.getByRole("link", { name: "Blue Teapot" }).first().waitFor();
  await fine(page, "office-dashboard");
  await page.goto("/system");
  await page.locator(".map .node").nth(8).waitFor();
  await page.getByText("Nothing was down, slow or degraded.").waitFor();
  await page.getByText("Read model in SQLite").first().waitFor();
  await page.getByText("Events in log files").waitFor();
  await page.getByText("received = on hand + sold").waitFor();
  await page.locator(".figures dd", { hasText: "all hold" }).waitFor();
  await fine(page, "office-system");
});

for (const { scripts, width, how } of [{ scripts: true, width: 1440, how: "" }, { scripts: false, width: 390, how: " without scripts" }]) {
  test(`the dashboard is about a year, a month or a week${how}`, async (world) => {
    const { shop, teapot, page } = await office(world, { scripts, width });
    const order = await shop.ordered("ada", teapot.ProductId, 2);
    const { IssuedAt } = await shop.call(`/accounting/get-invoice?OrderId=${order}`);
    const { TimeZone } = await shop.call("/accounting/get-time-zone");
    const day = new Intl.DateTimeFormat("sv-SE", { timeZone: TimeZone }).format(new Date(IssuedAt));
    const revenue = page.locator("#figures .figures dd").first();
    const rows = page.locator("#months tbody tr");
    const step = (direction) => page.locator(`a[rel=${direction}]`).click();

    await page.goto("/");
    for (const [length, unit] of [["Week", "day"], ["Year", "month"], ["Month", "day"]]) {
      await page.getByRole("navigation", { name: "Period" }).getByRole("link", { name: length }).click();
      await page.getByRole("heading", { name: `Revenue by ${unit}` }).waitFor();
    }
    await page.goto(`/?month=${day.slice(0, 7)}`);
    await revenue.getByText("€39.98").waitFor();
    await page.getByText("The same as a table").click();
    equal(await rows.count(), new Date(Number(day.slice(0, 4)), Number(day.slice(5, 7)), 0).getDate(), "days of the month");
    equal(await rows.nth(Number(day.slice(8)) - 1).innerText().then((text) => text.includes("€39.98")), true, "the day of the invoice");
    await (scripts ? fine(page, "office-dashboard-month") : screenshot(page, "office-dashboard-month-390-noscript"));
    await step("prev");
    await revenue.getByText("€0.00").waitFor();
    await step("next");
    await revenue.getByText("€39.98").waitFor();
    await page.goto(`/?week=${day}`);
    await revenue.getByText("€39.98").waitFor();
    await page.getByText("The same as a table").click();
    equal(await rows.count(), 7, "days of the week");
    await (scripts ? fine(page, "office-dashboard-week") : screenshot(page, "office-dashboard-week-390-noscript"));
    for (const wrong of ["year=1969", "month=2026-13", "week=2026-02-30", "year=2026&month=2026-01"]) {
      equal((await page.goto(`/?${wrong}`)).status(), 404, wrong);
    }
  });
}

test("without the gateway the pages say so, keep what was typed, and recover", async (world) => {
  const shop = await world.shop();
  const teapot = await shop.product(await shop.category("Kitchen"));
  const gate = await world.gate(shop);
  const page = await world.visitor(await world.site("backoffice", gate.url));
  await logIn(page, "admin", ADMIN_PASSWORD, `/products/${teapot.ProductId}`);
  await page.getByLabel("Name").fill("Green Teapot");
  gate.cut();
  await save(page);
  await heading(page, "The shop cannot be reached right now").waitFor();
  await fine(page, "office-unreachable");
  gate.mend();
  await page.getByRole("button", { name: "Send it again" }).click();
  await page.getByText("“Green Teapot” is saved.").waitFor();
  gate.cut();
  for (const path of ["/system", "/"]) {
    await page.goto(path);
    await page.getByText("The gateway does not answer.").waitFor();
    await page.getByText("Down since").waitFor();
    await fine(page, path === "/" ? "office-dashboard-no-gateway" : "office-system-no-gateway");
  }
  await page.goto("/orders");
  await heading(page, "The shop cannot be reached right now").waitFor();
  gate.mend();
  await page.goto("/system");
  await page.locator(".node.gateway .badge.good").waitFor();
  // Open all the time, the page notices both.
  gate.cut();
  await page.getByText("The gateway does not answer.").waitFor();
  gate.mend();
  await page.locator(".node.gateway .badge.good").waitFor();
  await page.locator("section", { has: page.getByRole("heading", { name: "The last 24 hours" }) }).locator("tr", { hasText: "gateway" }).first().waitFor();
});

test("live figures say how old they are, and grey out when nothing comes any more", async (world) => {
  const shop = await world.shop();
  const gate = await world.gate({ gateway: shop.backoffice });
  const page = await world.visitor(gate.url);
  await logIn(page, "admin", ADMIN_PASSWORD, "/system");
  const others = {};
  for (const [id, address] of [["sagas", "/sagas"], ["figures", "/"]]) {
    others[id] = await page.context().newPage();
    await others[id].goto(new URL(address, gate.url).href);
  }
  // All of them wait for the cut at once.
  const pages = Object.entries({ map: page, ...others });
  for (const [, one] of pages) {
    await one.getByText("As of").waitFor();
    const first = await one.locator(".as-of time").getAttribute("datetime");
    await eventually(async () => (await one.locator(".as-of time").getAttribute("datetime")) !== first, `the figures of ${one.url()} are of later`);
  }
  gate.cut();
  for (const [id, one] of pages) {
    await one.locator(`#${id}.stale`).waitFor();
    await one.getByText("No news since").waitFor();
    await fine(one, `office-${id}-stale`);
  }
  gate.mend();
  for (const [id, one] of pages) {
    await one.locator(`#${id}:not(.stale)`).waitFor();
    equal(await one.locator(".no-news").count(), 0, `notes of old figures on ${one.url()}`);
  }
});

test("the back office fits a telephone, in the dark too", async (world) => {
  const { shop, teapot, page } = await office(world, { width: 360, dark: true });
  const order = await shop.ordered("ada", teapot.ProductId);
  for (const [name, path] of [["dashboard", "/"], ["orders", "/orders"], ["order", `/orders/${order}`], ["products", "/products"], ["product", `/products/${teapot.ProductId}`], ["customers", "/customers"], ["customer", "/customers/ada"], ["events", "/events"], ["system", "/system"]]) {
    await page.goto(path);
    await fine(page, `office-${name}-360`);
  }
});

for (const scripts of [true, false]) {
  const how = scripts ? "" : " without scripts";
  test(`an empty shop is filled with a sample from its dashboard, and its customers come and stay away${how}`, async (world) => {
    const shop = await world.shop();
    const page = await world.visitor(shop.backoffice, { scripts });
    await logIn(page, "admin", ADMIN_PASSWORD);
    await page.getByText("Nothing is sold here yet").waitFor();
    if (scripts) await fine(page, "office-dashboard-empty");
    await page.getByRole("button", { name: "Fill with a sample shop" }).click();
    const isFull = async () => (await shop.call("/demo/get-demo")).Goods === "Sample" && !(await shop.call("/demo/get-demo")).Filling;
    if (scripts) await page.getByText("Filling the shop").waitFor();
    await eventually(isFull, "the shop is full");
    await page.goto("/");
    await page.getByText("Sample customers can come").waitFor();
    await page.getByRole("button", { name: "Let them in" }).click();
    await page.getByText("Sample traffic is on.").waitFor();
    equal((await shop.call("/demo/get-demo")).Traffic, "On", "the traffic");
    if (scripts) await fine(page, "office-dashboard-sample");
    await page.getByRole("button", { name: "Stop them" }).click();
    await page.getByText("Sample traffic is off.").waitFor();
    equal((await shop.call("/demo/get-demo")).Traffic, "Off", "the traffic");
  });
}
