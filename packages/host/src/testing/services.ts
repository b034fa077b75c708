/** What tests need besides Node. Absent: said plainly and skipped, or a failure where CI requires it. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * The address of a running service, from the environment: `REDIS_URL`, `REDIS_CLUSTER_URL`. For
 * `describe.skipIf(url === undefined)`.
 */
export function service(name: string): string | undefined {
  return found(process.env[name] || undefined, `the variable ${name} is not set`);
}

/**
 * The paths of a kube-apiserver and an etcd, from KUBE_APISERVER and ETCD. What they prove is proved
 * where somebody has built them, and no run is required to.
 */
export function kubePrograms(): { apiserver: string; etcd: string } | undefined {
  const { KUBE_APISERVER: apiserver, ETCD: etcd } = process.env;
  if (apiserver !== undefined && etcd !== undefined) return { apiserver, etcd };
  process.stderr.write("tests skipped: the variables KUBE_APISERVER and ETCD are not set\n");
  return undefined;
}

/** The path of a program such as `haproxy` or `redis-server`. */
export function programPath(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  const path = folders.map((folder) => join(folder, name)).find(isExecutable);
  return found(path, `the program ${name} is not installed`);
}

/** Pebble, an ACME CA for tests (.ci/pebble): `WARREN_PEBBLE`, or on the path. */
export function pebblePath(): string | undefined {
  return process.env["WARREN_PEBBLE"] || programPath("pebble");
}

function found(value: string | undefined, missing: string): string | undefined {
  if (value !== undefined) return value;
  if (process.env["WARREN_REQUIRE_SERVICES"] === "1") {
    throw new Error(`${missing}, and WARREN_REQUIRE_SERVICES=1 says that every test must run`);
  }
  process.stderr.write(`tests skipped: ${missing}\n`);
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
