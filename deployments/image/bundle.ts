/**
 * What leaves the repository: one program for every command in a folder that needs no other, only Node.
 *
 *   node deployments/image/bundle.ts [FOLDER]
 *
 * `warren.mjs` is the program, which a link to it starts as well. What few use (clients of stores) is in files of its own that are loaded when they
 * are; pages, threads and the licences of what was taken in are beside it.
 */
import { build, type BuildOptions, type Metafile } from "esbuild";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beside, programsIn, type Beside } from "./beside.ts";
import { dependencyLines, inPages, packagesIn } from "./dependencies.ts";
import { exactNames, licenceTexts } from "./licences.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PACKED_PAGES = join(ROOT, "packages/warren/src/pages/packed-pages.ts");
/** What `npm run prepare` built for browsers, by the names that packed-pages.ts knows. */
const PAGES = { console: "packages/console/dist", widget: "packages/client/dist" };
/** Asked for by libraries that go on without: native code, and clients of clouds. */
const ABSENT = (
  "bufferutil utf-8-validate kerberos snappy aws4 gcp-metadata mongodb-client-encryption " +
  "@mongodb-js/zstd @aws-sdk/credential-providers"
).split(" ");

/** Writes the bundle into a folder, in place of what was there, and returns what is in it. */
export async function bundle(folder: string): Promise<Metafile> {
  const programs = programsIn(join(ROOT, "packages"));
  programs.set("warren", join(ROOT, "packages/warren/bin/warren.js"));
  const found: Beside = { programs, folders: new Map() };
  const { outputFiles, metafile } = await build(settings(folder, found));
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const { path, contents } of outputFiles) await writeFile(path, contents);
  await chmod(join(folder, "warren.mjs"), 0o755);
  for (const [name, path] of [...found.folders, ...pages()])
    await cp(path, join(folder, name), { recursive: true });
  await writeFile(join(folder, "package.json"), '{ "type": "module" }\n');
  await writeFile(join(folder, "deps.txt"), `${dependencyLines(metafile).join("\n")}\n`);
  const packages = new Map([...packagesIn(metafile), ...inPages()]);
  await writeFile(join(folder, "packages.txt"), `${(await exactNames(packages)).join("\n")}\n`);
  await writeFile(join(folder, "licences.txt"), await licenceTexts(packages));
  return metafile;
}

function settings(folder: string, found: Beside) {
  return {
    absWorkingDir: ROOT,
    entryPoints: Object.fromEntries(found.programs),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    // Flat: what a source finds by its address is beside every file.
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    external: ABSENT,
    legalComments: "none",
    metafile: true,
    write: false,
    logLevel: "error",
    // CommonJS among the libraries asks for modules of Node by `require`.
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
    plugins: [
      beside(found),
      {
        name: "packed pages",
        setup: (build) =>
          build.onResolve({ filter: /\/built-pages\.ts$/ }, () => ({ path: PACKED_PAGES })),
      },
    ],
  } as const satisfies BuildOptions;
}

function pages(): [string, string][] {
  return Object.entries(PAGES).map(([name, path]) => {
    const built = join(ROOT, path);
    if (!existsSync(built)) throw new Error(`${path} is not there: \`npm run prepare\` builds it`);
    return [name, built];
  });
}

if (import.meta.main) {
  const folder = process.argv[2] ?? join(ROOT, "dist/warren");
  await bundle(folder);
  process.stdout.write(`${folder}\n`);
}
