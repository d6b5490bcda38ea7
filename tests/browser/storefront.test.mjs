// Customers: browsing, accounts, and what must never work.
import { ADMIN_PASSWORD, PASSWORD, equal, eventually, expect, fine, heading, logIn, screenshot, test } from "./harness.mjs";

/** A shop with two categories and some products. */
async function stocked(world, ...flags) {
  const shop = await world.shop(...flags);
  const kitchen = await shop.category("Kitchen");
  const books = await shop.category("Books");
  const teapot = await shop.product(kitchen, { Code: "T-1" });
  await shop.product(kitchen, { Name: "Copper Pan", Price: 49.5, UnitsInStock: 2 });
  await shop.product(books, { Name: "A Field Guide to Events", Price: 12, UnitsInStock: 0 });
  return { shop, kitchen, books, teapot };
}

for (const scripts of [true, false]) {
  const how = scripts ? "" : " without scripts";
  test(`a visitor browses categories, searches, sorts and finds a product${how}`, async (world) => {
    const { shop, kitchen } = await stocked(world);
    for (let number = 1; number <= 30; number += 1) {
      await shop.product(kitchen, { Name: `Spoon ${String(number).padStart(2, "0")}`, Price: number, UnitsInStock: 9 });
    }
    const page = await world.visitor(shop.storefront, { scripts });
    const look = (name) => (scripts ? fine(page, name) : screenshot(page, `${name}-noscript`));
    await page.goto("/");
    await look("home");
    equal(await page.getByRole("heading", { name: "Best sellers" }).count(), 0, "best sellers where nothing was sold");
    await page.getByRole("main").getByRole("link", { name: /^Kitchen/ }).click();
    await heading(page, "Kitchen").waitFor();
    equal(await page.locator(".card").count(), 24, "products on the first page");
    await look("category");
    await page.getByRole("link", { name: "Next page" }).click();
    equal(await page.locator(".card").count(), 8, "products on the second page");
    await page.getByLabel("Sort by").selectOption("-Price");
    if (!scripts) await page.getByRole("button", { name: "Sort" }).click();
    await page.locator(".card").first().getByRole("heading", { name: "Copper Pan" }).waitFor();
    await page.locator("#search").fill("field guide");
    await page.getByRole("button", { name: "Search" }).click();
    await heading(page, "Results for “field guide”").waitFor();
    await page.getByText("Sold out").waitFor();
    await look("search");
    await page.getByRole("link", { name: "A Field Guide to Events" }).click();
    await heading(page, "A Field Guide to Events").waitFor();
    await page.getByText("Everything in stock is sold").waitFor();
    await look("product-sold-out");
    await page.goto("/search?q=copper");
    await page.getByRole("link", { name: "Copper Pan", exact: true }).click();
    await page.getByText("Only 2 left").waitFor();
    await page.getByText("Potters & Sons").waitFor();
    await page.getByText("€49.50", { exact: true }).first().waitFor();
    await look("product");
    await page.goto("/search?q=nothing+of+the+kind");
    await heading(page, "Results for “nothing of the kind”").waitFor();
    await look("search-empty");
    await page.goto("/categories");
    await heading(page, "Categories").waitFor();
    await look("categories");
  });

  test(`a visitor registers, logs out and logs in, and sees what is wrong${how}`, async (world) => {
    const { shop, teapot } = await stocked(world);
    const page = await world.visitor(shop.storefront, { scripts });
    const look = (name) => (scripts ? fine(page, name) : screenshot(page, `${name}-noscript`));
    const main = page.getByRole("main");
    await page.goto(`/products/${teapot.ProductId}`);
    await main.getByRole("link", { name: "Register" }).click();
    await look("register");
    await page.getByLabel("Full name").fill("Grace Hopper");
    await page.getByLabel("E-mail").fill("grace@example.org");
    await page.getByLabel("User name").fill("admin");
    await page.getByLabel("Password").fill(PASSWORD);
    await main.getByRole("button", { name: "Register" }).click();
    await page.getByText("This user name is taken").waitFor();
    equal(await page.getByLabel("Full name").inputValue(), "Grace Hopper", "what was typed");
    equal(await page.getByLabel("Password").inputValue(), "", "the password, which is never shown again");
    if (scripts) equal(await page.evaluate("document.activeElement.name"), "UserName", "the field that the focus is on");
    await look("register-refused");
    await page.getByLabel("User name").fill("grace");
    await page.getByLabel("Password").fill(PASSWORD);
    await main.getByRole("button", { name: "Register" }).click();
    await page.getByText("Welcome, Grace Hopper!").waitFor();
    await heading(page, "Blue Teapot").waitFor();
    await page.reload();
    equal(await page.getByText("Welcome, Grace Hopper!").count(), 0, "a notice is shown once");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByText("You are logged out.").waitFor();
    await page.goto("/profile");
    await heading(page, "Log in").waitFor();
    await look("login");
    await page.getByLabel("User name").fill("grace");
    await page.getByLabel("Password").fill("wrong horse");
    await main.getByRole("button", { name: "Log in" }).click();
    await page.getByText("the password is wrong").waitFor();
    equal(await page.getByLabel("User name").inputValue(), "grace", "what was typed");
    await look("login-refused");
    await page.getByLabel("Password").fill(PASSWORD);
    await main.getByRole("button", { name: "Log in" }).click();
    await heading(page, "Profile").waitFor();
  });

  test(`a customer sees the credit and changes name, e-mail and password${how}`, async (world) => {
    const { shop } = await stocked(world);
    await shop.customer("ada");
    const page = await world.visitor(shop.storefront, { scripts });
    const other = await world.visitor(shop.storefront, { scripts });
    await logIn(other, "ada");
    await logIn(page, "ada", PASSWORD, "/profile");
    equal(await page.locator(".figures dd").allInnerTexts().then(String), "€100.00,€0.00,€100.00", "the credit");
    if (scripts) await fine(page, "profile");
    await page.getByLabel("Full name").fill("Ada Lovelace");
    await page.getByLabel("E-mail").fill("no address");
    await page.locator("form[action='/profile']").evaluate((form) => (form.noValidate = true)).catch(() => {});
    await page.getByRole("button", { name: "Save details" }).click();
    if (scripts) {
      await page.locator("#error-Email").waitFor();
      equal(await page.getByLabel("Full name").inputValue(), "Ada Lovelace", "what was typed");
    }
    await page.getByLabel("E-mail").fill("lovelace@example.org");
    await page.getByRole("button", { name: "Save details" }).click();
    await page.getByText("Your details are saved.").waitFor();
    const user = await shop.call("/customer/get-user/ada");
    equal(`${user.FullName} ${user.Email}`, "Ada Lovelace lovelace@example.org", "what the shop knows");
    const change = async (current, fresh, again) => {
      await page.getByLabel("Current password").fill(current);
      await page.getByLabel("New password", { exact: true }).fill(fresh);
      await page.getByLabel("New password again").fill(again);
      await page.getByRole("button", { name: "Change password" }).click();
    };
    await change("not my password", "brand new horse", "brand new horse");
    await page.locator("#error-CurrentPassword").waitFor();
    await change(PASSWORD, "brand new horse", "another horse");
    await page.locator("#error-Again").waitFor();
    if (scripts) await fine(page, "profile-refused");
    await change(PASSWORD, "brand new horse", "brand new horse");
    await page.getByText("Your password is changed.").waitFor();
    await other.goto("/profile");
    await other.getByText("Your session has ended.").waitFor();
    await logIn(other, "ada", "brand new horse", "/profile");
    await heading(other, "Profile").waitFor();
  });
}

for (const scripts of [true, false]) {
  const how = scripts ? "" : " without scripts";
  for (const width of [390, 1440]) {
    test(`a search finds what is meant, says how much, and is narrowed, ${width} wide${how}`, async (world) => {
      const shop = await world.shop();
      const [dairy, snacks] = [await shop.category("Dairy"), await shop.category("Snacks")];
      for (const [category, Name, Price, UnitsInStock = 9] of [
        [dairy, "Whole Milk, 1 l", 1.49], [dairy, "Milk Drink", 1.19], [dairy, "Grated Cheese", 3.5], [dairy, "Goat Cheese", 5.99, 0],
        [snacks, "Cheese Puffs", 2.2], [snacks, "Milk Chocolate", 0.99], [snacks, "Jalapeño Poppers", 12],
      ]) await shop.product(category, { Name, Price, UnitsInStock, Description: "", Supplier: "Hillside" });
      const page = await world.visitor(shop.storefront, { scripts, width });
      const search = async (text) => {
        await page.getByRole(scripts ? "combobox" : "searchbox", { name: "Search products" }).fill(text);
        await page.getByRole("button", { name: "Search" }).click();
        await heading(page, `Results for “${text}”`).waitFor();
      };
      const titles = () => page.locator(".card-title").allInnerTexts().then(String);
      // On a phone, what narrows the list is folded away until something does.
      const unfold = async () => {
        equal(await page.getByLabel("Lowest price").isVisible(), width > 600, "the filters are in sight");
        if (width < 600) await page.getByLabel("Filters").check();
      };
      await page.goto("/");
      await search("milk");
      equal(await page.locator(".card-title").first().innerText(), "Whole Milk, 1\u00a0l", "the first for milk");
      await page.getByText("3 products").waitFor();
      await search("cheeze");
      await page.getByText("We have nothing called “cheeze”").waitFor();
      equal(await titles(), "Goat Cheese,Grated Cheese,Cheese Puffs", "what cheeze finds");
      await unfold();
      if (scripts) await fine(page, `search-facets-${width}`);
      else await screenshot(page, `search-facets-${width}-noscript`);
      await page.getByRole("link", { name: /^Dairy/ }).first().click();
      await page.getByText("2 products").waitFor();
      await page.getByRole("link", { name: /^In stock/ }).first().click();
      await page.getByText("1 product", { exact: true }).waitFor();
      equal(await titles(), "Grated Cheese", "cheese of the dairy that can be ordered");
      await page.getByRole("link", { name: "Remove all" }).click();
      await page.getByText("3 products").waitFor();
      await unfold();
      await page.getByLabel("Lowest price").fill("3");
      await page.getByLabel("Highest price").fill("4,00");
      await page.getByRole("button", { name: "Set the price range" }).click();
      await page.getByText("€3.00 – €4.00").waitFor();
      equal(await titles(), "Grated Cheese", "cheese from 3 to 4");
      await page.getByLabel("Lowest price").fill("50");
      await page.getByLabel("Highest price").fill("");
      await page.getByRole("button", { name: "Set the price range" }).click();
      await heading(page, "Results for").waitFor();
      await page.getByText("Nothing fits all of that").waitFor();
      await page.getByRole("link", { name: "Show everything again" }).click();
      await page.getByText("3 products").waitFor();
      await page.goto(`/categories/${dairy}`);
      await page.getByText("4 products").waitFor();
      await unfold();
      await page.getByRole("link", { name: /^In stock/ }).first().click();
      await page.getByText("3 products").waitFor();
    });
  }
}

test("suggestions come while a search is typed, and lead on by keyboard and pointer", async (world) => {
  const { shop, kitchen } = await stocked(world);
  await shop.product(kitchen, { Name: "Copper Kettle", Price: 30 });
  const page = await world.visitor(shop.storefront, { width: 390 });
  await page.goto("/");
  await page.keyboard.press("/");
  equal(await page.evaluate("document.activeElement.id"), "search", "where the slash leads");
  await page.keyboard.type("coper");
  await page.getByRole("option").nth(2).waitFor();
  equal(await page.getByRole("option").first().locator("span").innerText(), "Copper Kettle", "the first suggestion");
  await fine(page, "suggestions-390");
  await page.keyboard.press("Escape");
  await page.getByRole("listbox").waitFor({ state: "hidden" });
  await page.keyboard.press("ArrowDown");
  await page.getByRole("listbox").waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  equal(await page.locator("[aria-selected=true] span").innerText(), "Copper Pan", "the one chosen by keyboard");
  await page.keyboard.press("Enter");
  await heading(page, "Copper Pan").waitFor();
  await page.getByRole("combobox").fill("tea");
  await page.getByRole("option", { name: "Blue Teapot" }).click();
  await heading(page, "Blue Teapot").waitFor();
});

test("a customer cannot see another's orders or invoices by changing an address", async (world) => {
  const { shop, teapot } = await stocked(world);
  await shop.customer("ada");
  await shop.customer("eve");
  const order = await shop.ordered("ada", teapot.ProductId);
  const eve = await world.visitor(shop.storefront);
  await logIn(eve, "eve");
  for (const address of [`/orders/${order}`, `/orders/${order}/invoice`, `/orders/${order}/live`]) {
    const answer = await eve.goto(address);
    expect([403, 404].includes(answer.status()), `${address} answers ${answer.status()}`);
    equal(await eve.getByText("Blue Teapot").count(), 0, `what ${address} shows of the order`);
  }
  await fine(eve, "forbidden");
  await eve.goto("/orders");
  await eve.getByText("You have not ordered anything yet").waitFor();
  await fine(eve, "orders-empty");
  const nobody = await world.visitor(shop.storefront);
  await nobody.goto(`/orders/${order}`);
  await heading(nobody, "Log in").waitFor();
});

test("what no form of ours sends changes nothing", async (world) => {
  const { shop, teapot } = await stocked(world);
  await shop.customer("ada");
  const page = await world.visitor(shop.storefront);
  await logIn(page, "ada");
  const order = { ProductId: teapot.ProductId, Quantity: "1", Price: "19.99", Key: "stolen" };
  const without = await page.request.post("/orders", { form: order });
  equal(without.status(), 403, "a form without a token");
  expect((await without.text()).includes("This form has expired"), "says why");
  const cross = await page.request.post("/orders", { form: order, headers: { Origin: "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site" } });
  equal(cross.status(), 403, "a form of another site");
  const gets = ["/logout", "/profile/password"];
  for (const address of gets) equal((await page.request.get(address)).status(), 405, `GET ${address}`);
  equal((await shop.orders("ada")).length, 0, "orders");
  for (const next of ["//evil.example", "/\\evil.example", "https://evil.example/", "/%09/evil.example"]) {
    const answer = await page.request.get(`/login?next=${encodeURIComponent(next)}`, { maxRedirects: 0 });
    const location = answer.headers().location;
    expect(location === "/" || new URL(location, shop.storefront).origin === shop.storefront, `${next} leads to ${location}`);
  }
});

test("pages carry strict headers, cookies are out of reach, and names are only names", async (world) => {
  const { shop, kitchen } = await stocked(world);
  const name = `<script>alert("1")</script>'&<b>`;
  const product = await shop.product(kitchen, { Name: name, Description: name, Supplier: name });
  const page = await world.visitor(shop.storefront);
  await page.goto(`/products/${product.ProductId}`);
  equal(await page.getByRole("heading", { level: 1 }).innerText(), name, "the name as it is shown");
  await page.goto(`/search?q=${encodeURIComponent(name)}`);
  equal(await page.locator("#search").inputValue(), name, "the search as it was typed");
  const answer = await page.goto("/login");
  const headers = answer.headers();
  expect(headers["content-security-policy"].includes("default-src 'none'"), "a strict policy");
  expect(!headers["content-security-policy"].includes("unsafe"), "nothing unsafe in it");
  for (const header of ["x-content-type-options", "x-frame-options", "referrer-policy", "x-request-id"]) expect(headers[header], header);
  await shop.customer("ada");
  const before = (await page.context().cookies())[0].value;
  await logIn(page, "ada");
  const [cookie] = await page.context().cookies();
  expect(cookie.httpOnly && cookie.sameSite === "Lax", "the session's cookie is HttpOnly and Lax");
  expect(cookie.value !== before, "the session is renewed at log-in");
  expect(!cookie.value.includes("ada"), "the cookie is sealed");
  equal(await page.evaluate("document.cookie"), "", "cookies that a script sees");
  await page.context().clearCookies();
  const middle = Math.floor(cookie.value.length / 2);
  const other = cookie.value[middle] === "A" ? "B" : "A";
  const changed = cookie.value.slice(0, middle) + other + cookie.value.slice(middle + 1);
  await page.context().addCookies([{ ...cookie, value: changed }]);
  await page.goto("/profile");
  await heading(page, "Log in").waitFor();
});

test("limits are shown kindly", async (world) => {
  const { shop } = await stocked(world, "--login-failures-per-name", "3");
  await shop.customer("ada");
  const page = await world.visitor(shop.storefront);
  await page.goto("/login");
  const attempt = async (password) => {
    await page.getByLabel("User name").fill("ada");
    await page.getByLabel("Password").fill(password);
    await page.getByRole("main").getByRole("button", { name: "Log in" }).click();
  };
  for (let number = 0; number < 3; number += 1) {
    await attempt("guess number one");
    await page.getByText("the password is wrong").waitFor();
  }
  await attempt(PASSWORD);
  await page.getByText("Too many attempts").waitFor();
  await fine(page, "login-limited");
});

test("everything can be reached by keyboard, with the focus in sight", async (world) => {
  const { shop } = await stocked(world);
  const page = await world.visitor(shop.storefront);
  await page.goto("/");
  await page.keyboard.press("Tab");
  equal(await page.evaluate("document.activeElement.textContent"), "Skip to the content", "the first stop");
  await page.keyboard.press("Enter");
  equal(await page.evaluate("document.activeElement.id"), "main", "where it leads");
  const seen = new Set();
  for (let stop = 0; stop < 12; stop += 1) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const element = document.activeElement;
      const card = element.closest(".card");
      const outlined = (one) => one && getComputedStyle(one).outlineStyle !== "none" && getComputedStyle(one).outlineWidth !== "0px";
      return { text: element === document.body ? "" : element.textContent.trim(), seen: outlined(element) || outlined(card) };
    });
    if (!focus.text) continue;
    seen.add(focus.text);
    expect(focus.seen, `the focus on ${focus.text} cannot be seen`);
  }
  expect([...seen].some((text) => text.startsWith("Kitchen")), "the categories are among the stops");
});

test("pages hold on a phone, in the dark and on a tablet", async (world) => {
  const { shop, kitchen, teapot } = await stocked(world);
  await shop.customer("ada", "Ada Augusta King-Noel, Countess of Lovelace");
  const order = await shop.ordered("ada", teapot.ProductId);
  for (const [width, dark] of [[360, false], [360, true], [768, true], [1440, true]]) {
    const page = await world.visitor(shop.storefront, { width, dark });
    await logIn(page, "ada");
    const pages = { home: "/", categories: "/categories", category: `/categories/${kitchen}`, product: `/products/${teapot.ProductId}`, order: `/orders/${order}`, orders: "/orders", invoice: `/orders/${order}/invoice`, profile: "/profile" };
    for (const [name, address] of Object.entries(pages)) {
      await page.goto(address);
      await fine(page, `${name}-${width}${dark ? "-dark" : ""}`);
    }
    await page.goto("/");
    const best = page.getByRole("region", { name: "Best sellers" });
    equal(await best.locator(".card").allInnerTexts().then((cards) => cards.map((card) => card.split("\n")[0]).join()), "Blue Teapot", "best sellers");
    await page.context().close();
  }
});

for (const scripts of [true, false]) {
  const how = scripts ? "" : " without scripts";
  test(`a visitor chooses a theme, which stays${how}`, async (world) => {
    const { shop } = await stocked(world);
    const page = await world.visitor(shop.storefront, { scripts });
    const chosen = (theme) => page.locator(`html[data-theme=${theme}]`).waitFor();
    await page.goto("/search?q=copper");
    await chosen("system");
    await page.getByRole("button", { name: "Dark" }).click();
    await chosen("dark");
    await heading(page, "Results for “copper”").waitFor();
    if (scripts) await fine(page, "theme-dark");
    await page.goto("/categories");
    await chosen("dark");
    if (scripts) {
      const ground = await page.evaluate("getComputedStyle(document.body).backgroundColor");
      equal(ground, "rgb(21, 24, 22)", "the page is dark where the system is light");
    }
    await page.getByRole("button", { name: "Light" }).click();
    await chosen("light");
    await page.getByRole("button", { name: "System" }).click();
    await chosen("system");
  });
}

test("a page that is not there says so", async (world) => {
  const { shop } = await stocked(world);
  const page = await world.visitor(shop.storefront);
  for (const address of ["/nothing", "/products/nothing", "/products/00000000-0000-4000-8000-000000000000", "/categories/nothing"]) {
    equal((await page.goto(address)).status(), 404, address);
    await heading(page, "There is no such page").waitFor();
  }
  await fine(page, "not-found");
});

test("an empty shop says what comes next", async (world) => {
  const shop = await world.shop();
  const page = await world.visitor(shop.storefront);
  await page.goto("/");
  await page.getByText("The shelves are still empty").waitFor();
  await fine(page, "home-empty");
  await page.goto("/categories");
  await page.getByText("No categories yet").waitFor();
  await fine(page, "categories-empty");
  await logIn(page, "admin", ADMIN_PASSWORD, "/orders");
  await eventually(async () => (await page.getByText("You have not ordered anything yet").count()) === 1, "an empty list says so");
});
