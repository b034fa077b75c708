// What a page has to load for the client, with everything that it brings along.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { expect, test } from "vitest";

const MOST_BYTES = 15_000;
const DOOR = fileURLToPath(new URL("../src/index.ts", import.meta.url));

test(`the library is under ${MOST_BYTES} bytes when it is compressed`, async () => {
  const folder = await mkdtemp(join(tmpdir(), "warren-client-"));
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
  // As an application: a library's output would keep its white space.
  const page = `import { createChat } from ${JSON.stringify(DOOR)};\nglobalThis.createChat = createChat;\n`;
  const entry = join(folder, "page.js");
  await writeFile(entry, page);
  const built = await build({
    configFile: false,
    logLevel: "silent",
    root: folder,
    build: { write: false, rolldownOptions: { input: entry } },
  });
  const outputs = [built].flat().flatMap((one) => ("output" in one ? one.output : []));
  const code = outputs.map((one) => (one.type === "chunk" ? one.code : "")).join("");
  expect(code).toContain("indexedDB");
  expect(gzipSync(code).length).toBeLessThan(MOST_BYTES);
  console.info(`client: ${code.length} bytes, ${gzipSync(code).length} compressed`);
});
