import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const PAGES = ["sessions", "chat", "admin", "shared"];
const page = (name: string) => fileURLToPath(new URL(`${name}.html`, import.meta.url));

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  // Pages are served under a prefix that is settable: everything that they load is said relative to them.
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2023",
    // A data: address is none of the page's own, which its policy asks for.
    assetsInlineLimit: 0,
    // Every browser of the target loads modules ahead; the polyfill would be one more script.
    modulePreload: { polyfill: false },
    rolldownOptions: { input: PAGES.map(page) },
  },
});
