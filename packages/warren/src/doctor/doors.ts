import type { AgentConfig } from "@warren/agent";

/** A URL's host and path that an agent is asked to publish. */
export interface Door {
  host: string;
  path: string;
}

/** Stands for the label that a wildcard leaves open. */
const ANY_LABEL = "warren-doctor";

export function doorOf(host: string, path: string): Door {
  const named = host.toLowerCase().replace(/^\*{1,2}\./, `${ANY_LABEL}.`);
  return { host: named, path: path.startsWith("/") ? path : `/${path}` };
}

/** Doors of services that an agent is told of itself. */
export function doorsOfServices(publications: AgentConfig["publications"]): Door[] {
  return publications.flatMap(({ route: { host = "", kind, path = "/" } }) =>
    kind === "http" && host !== "" ? [doorOf(host, path)] : [],
  );
}
