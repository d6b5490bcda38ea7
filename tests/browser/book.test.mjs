// The book at /docs/book: read, searched, and browsed on a desk and on a phone. A build without it says how to get it; the suites of
// `cargo xtask test` build it, and fail without it.
import { expect, fine, heading, test } from "./harness.mjs";

const PAGES = ["index.html", "an-order.html", "the-store.html", "patterns/choreography.html", "operations.html", "glossary.html"];

/** Whether this build has the book; `cargo xtask book` is to run before the build. */
async function hasBook(page) {
  if ((await page.title()) !== "The book is not in this build") return true;
  expect(!("AGORA_TEST_BOOK" in process.env), "the book is not in this build");
  console.log("skipped: the book is not in this build; run `cargo xtask book` before it");
  return false;
}

/** All pages, as the table of contents names them. */
async function listed(page) {
  const links = page.locator("#mdbook-sidebar a[href]");
  await links.first().waitFor({ state: "attached" });
  const found = await links.evaluateAll((all) => all.map((link) => new URL(link.href)));
  const names = new Set(found.map((url) => decodeURIComponent(url.pathname.split("/docs/book/")[1])));
  for (const name of PAGES) expect(names.has(name), `${name} is not in the table of contents`);
  return [...names];
}

for (const { width, dark } of [{ width: 1440, dark: false }, { width: 390, dark: true }]) {
  test(`the book is read and searched at ${width}`, async (world) => {
    const shop = await world.shop();
    const page = await world.visitor(shop.gateway, { width, dark });
    await page.goto("/docs/book");
    if (!(await hasBook(page))) return fine(page, `book-absent-${width}`);
    const pages = width > 1000 ? await listed(page) : PAGES;
    for (const name of pages) {
      await page.goto(`/docs/book/${name}`);
      await page.locator("#mdbook-sidebar a.active").waitFor({ state: "attached" });
      await fine(page, `book-${name.replaceAll("/", "-").replace(".html", "")}-${width}`);
    }

    const contents = page.getByRole("button", { name: "Toggle Table of Contents" });
    if ((await contents.getAttribute("aria-expanded")) === "false") await contents.press("Enter");
    await page.locator("#mdbook-sidebar").getByRole("link", { name: "Exactly-once effects" }).click();
    await heading(page, "Exactly-once effects, by cause marks").waitFor();

    await page.getByRole("button", { name: "Toggle Searchbar" }).click();
    await page.getByLabel("Search this book").pressSequentially("compensation");
    await page.locator("#mdbook-searchresults").getByRole("link", { name: /Reservations and compensation/ }).first().click();
    await heading(page, "Reservations and compensation").waitFor();
    const size = Number((await page.request.get("/docs/book/an-order.html")).headers()["content-length"]);
    expect(size < 60_000, `a page takes ${size} bytes on its way`);
  });
}

test("the book is read without scripts", async (world) => {
  const shop = await world.shop();
  const page = await world.visitor(shop.gateway, { scripts: false });
  await page.goto("/docs/book");
  if (!(await hasBook(page))) return;
  await heading(page, "About this book").waitFor();
  await page.locator("label#mdbook-sidebar-toggle").click();
  await page.frameLocator(".sidebar-iframe-outer").getByRole("link", { name: "How it works" }).click();
  await heading(page, "How it works").waitFor();
});
