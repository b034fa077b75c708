import {
  publicationOf,
  readServices,
  STRICT_TLS,
  Service,
  type Publication,
  type TlsSettings,
} from "@warren/agent";
import { ExitError, readToml } from "@warren/host";
import { readFileSync } from "node:fs";
import * as v from "valibot";

export type ReadPublications = { publications: Publication[] } | { problems: string[] };

/** What `--service` flags and the `--services` file ask to publish. */
export function readPublications(
  { service, services }: { service: readonly Service[]; services: string | undefined },
  tls: TlsSettings,
): ReadPublications {
  const deps = { tls, readFile: (path: string) => readFileSync(path, "utf8") };
  const publications: Publication[] = [];
  const problems: string[] = [];
  for (const one of service) {
    const made = publicationOf(one, deps);
    if (typeof made === "string") problems.push(`--service ${one.host}${one.path}: ${made}`);
    else publications.push(made);
  }
  const more = services === undefined ? { publications: [] } : readServicesFile(services, deps);
  if ("problems" in more) problems.push(...more.problems);
  else publications.push(...more.publications);
  return problems.length > 0 ? { problems } : { publications };
}

function readServicesFile(
  name: string,
  deps: Parameters<typeof readServices>[1],
): ReadPublications {
  let text: string;
  try {
    text = deps.readFile(name);
  } catch (error) {
    const { code = "error" } = error as NodeJS.ErrnoException;
    return { problems: [`--services ${name}: cannot be read (${code})`] };
  }
  const toml = readToml({ name, text });
  if ("problem" in toml) return { problems: [toml.problem] };
  const read = readServices(toml.document, deps);
  return read.ok ? read : { problems: read.problems.map((problem) => `${name}: ${problem}`) };
}

/** The demo site, under its public host. */
export function demoPublication(host: string, port: number): Publication {
  const service = v.parse(Service, { host, to: `127.0.0.1:${port}`, name: "demo" });
  const made = publicationOf(service, { tls: STRICT_TLS, readFile: String });
  if (typeof made === "string") throw new ExitError("usage", `--demo ${host}: ${made}`);
  return made;
}
