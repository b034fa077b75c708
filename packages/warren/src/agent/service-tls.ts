import { STRICT_TLS, type dialOptions, type TlsSettings } from "@warren/agent";
import { ExitError, type ConfigOf } from "@warren/host";
import { readFileSync } from "node:fs";

/** How TLS services prove who they are, where they do not say so themselves. */
export function serviceTls({
  serviceCa,
  serviceInsecure,
}: Pick<ConfigOf<typeof dialOptions>, "serviceCa" | "serviceInsecure">): TlsSettings {
  const ca = serviceCa === undefined ? undefined : readAuthority(serviceCa);
  return { ...STRICT_TLS, ca, insecure: serviceInsecure };
}

function readAuthority(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new ExitError("usage", `--service-ca ${file}: cannot be read`, { cause });
  }
}
