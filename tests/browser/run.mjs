// All browser tests: `node run.mjs`, or `node run.mjs WORDS` for those whose name holds them.
import { readdirSync } from "node:fs";
import { runAll } from "./harness.mjs";

const here = new URL(".", import.meta.url);
for (const file of readdirSync(here).filter((file) => file.endsWith(".test.mjs")).sort()) await import(new URL(file, here));
await runAll();
