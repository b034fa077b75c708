import { defineConfig } from "vite";

/** The widget: one classic script with everything in it, for `<script src>`. */
export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  logLevel: "warn",
  // The same wherever it is built: tests have another NODE_ENV.
  oxc: { jsx: { runtime: "automatic", importSource: "preact", development: false } },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "baseline-widely-available",
    cssMinify: true,
    reportCompressedSize: false,
    rolldownOptions: {
      input: `${import.meta.dirname}/widget/embed/script.ts`,
      output: { format: "iife", entryFileNames: "widget.js", codeSplitting: false },
    },
  },
});
