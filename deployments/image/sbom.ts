/**
 * What is in the image besides Node and its system, for those who look for vulnerabilities and licences.
 *
 *   node deployments/image/sbom.ts [cyclonedx|spdx] [BUNDLE]
 *
 * npm tells it from the lock file, without a network; what the bundle (dist/warren unless said otherwise) did not
 * take in is left out.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const FORMATS = ["cyclonedx", "spdx"] as const;
export type SbomFormat = (typeof FORMATS)[number];

interface CycloneDx {
  components: { name: string; version: string; "bom-ref": string }[];
  dependencies: { ref: string; dependsOn: string[] }[];
  metadata: { component: { name: string } };
}
interface Spdx {
  packages: { name: string; versionInfo: string; SPDXID: string }[];
  relationships: { spdxElementId: string; relatedSpdxElement: string }[];
}
/** By a package's name and version. */
type IsTaken = (name: string, version: string) => boolean;

/** The bill of a bundle, JSON text: of what its `packages.txt` lists, and of our own. */
export async function sbom(format: SbomFormat, bundleFolder: string): Promise<string> {
  const lines = await readFile(join(bundleFolder, "packages.txt"), "utf8");
  const taken = new Set(lines.trim().split("\n"));
  const isTaken: IsTaken = (name, version) =>
    taken.has(`${name}@${version}`) || name.startsWith("@warren/");
  const about = await npmSbom(format);
  const bill =
    format === "spdx" ? ofSpdx(about as Spdx, isTaken) : ofCycloneDx(about as CycloneDx, isTaken);
  return `${JSON.stringify(bill, undefined, 2)}\n`;
}

async function npmSbom(format: SbomFormat): Promise<unknown> {
  const words = ["sbom", "--package-lock-only", "--offline", "--sbom-format", format];
  const { stdout } = await promisify(execFile)("npm", words, {
    cwd: ROOT,
    maxBuffer: 64 * 1_048_576,
  });
  return JSON.parse(stdout);
}

function ofCycloneDx(bill: CycloneDx, isTaken: IsTaken): CycloneDx {
  const components = bill.components.filter(({ name, version }) => isTaken(name, version));
  const refs = new Set(components.map((one) => one["bom-ref"]));
  const dependencies = bill.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({
      ref,
      dependsOn: dependsOn.filter((other) => refs.has(other)),
    }));
  // npm calls it by the folder that it happens to be in.
  const metadata = { ...bill.metadata, component: { ...bill.metadata.component, name: "warren" } };
  return { ...bill, metadata, components, dependencies };
}

function ofSpdx(bill: Spdx, isTaken: IsTaken): Spdx {
  const [whole, ...rest] = bill.packages;
  const packages = [whole!, ...rest.filter((one) => isTaken(one.name, one.versionInfo))];
  const ids = new Set(["SPDXRef-DOCUMENT", ...packages.map(({ SPDXID }) => SPDXID)]);
  const relationships = bill.relationships.filter(
    (one) => ids.has(one.spdxElementId) && ids.has(one.relatedSpdxElement),
  );
  return { ...bill, packages, relationships };
}

if (import.meta.main) {
  const [format = "cyclonedx", folder = join(ROOT, "dist/warren")] = process.argv.slice(2);
  if (!(FORMATS as readonly string[]).includes(format))
    throw new Error(`formats are ${FORMATS.join(", ")}`);
  process.stdout.write(await sbom(format as SbomFormat, folder));
}
