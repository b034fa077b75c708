// What a page has to load for the widget, in all: one script.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { expect, test } from "vitest";

const MOST_BYTES = 50_000;
const ROOM = fileURLToPath(new URL("..", import.meta.url));

test(`the widget is one script, under ${MOST_BYTES} bytes when it is compressed`, async () => {
  const built = await build({
    root: ROOM,
    configFile: `${ROOM}vite.config.ts`,
    logLevel: "silent",
    build: { write: false },
  });
  const outputs = [built].flat().flatMap((one) => ("output" in one ? one.output : []));
  expect(outputs.map(({ fileName }) => fileName)).toEqual(["widget.js"]);
  const [script] = outputs;
  const code = script?.type === "chunk" ? script.code : "";
  expect(code).toContain("WarrenChat");
  // Nothing is parsed as HTML, nothing is evaluated: strict policies and hostile answers break nothing.
  expect(code).not.toMatch(
    /\b(?:outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function)\b/,
  );
  expect(gzipSync(code).length).toBeLessThan(MOST_BYTES);
  console.info(`widget: ${code.length} bytes, ${gzipSync(code).length} compressed`);
});
