import { nearest } from "./nearest.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Kubernetes sets these for every Service of the namespace, so a Service called `warren` would
 * otherwise stop the start (kubernetes.io, "Service", discovering services, environment variables).
 */
const INJECTED_NAME = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;
const INJECTED_VALUE = /^(tcp|udp|sctp):\/\//;

/** Names that belong to the launcher and the tests, not to any command. */
const RESERVED = new Set(["WARREN_REQUIRE_SERVICES"]);

export interface CheckedEnvironment {
  /** Without what is empty and what Kubernetes injected. */
  env: Environment;
  warnings: string[];
  problems: string[];
}

/** Holds every `WARREN_*` name to those that some command knows. */
export function checkEnvironment(env: Environment, known: ReadonlySet<string>): CheckedEnvironment {
  const kept: Record<string, string> = {};
  const injected: string[] = [];
  const problems: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value === "") continue;
    const ours = name.startsWith("WARREN_");
    if (ours && isInjected(name, value, known)) injected.push(name);
    else if (!ours || known.has(name)) kept[name] = value;
    else if (!RESERVED.has(name)) problems.push(`${name}: unknown variable${nearest(name, known)}`);
  }
  const warnings =
    injected.length === 0
      ? []
      : [`ignored, since Kubernetes sets them for Services: ${injected.sort().join(", ")}`];
  return { env: kept, warnings, problems: problems.sort() };
}

function isInjected(name: string, value: string, known: ReadonlySet<string>): boolean {
  return INJECTED_VALUE.test(value) || (!known.has(name) && INJECTED_NAME.test(name));
}
